with items as (
    select * from {{ ref('stg_procurement__items') }}
),

vendors as (
    select * from {{ ref('stg_procurement__vendors') }}
)

select
    items.item_id,
    items.item_name,
    items.vendor_id,
    {{ dimension_name('items.vendor_id', 'vendors.vendor_name') }} as vendor_name,
    items.category,
    items.unit,
    {{ run_columns() }}
from items
left join vendors on items.vendor_id = vendors.vendor_id
