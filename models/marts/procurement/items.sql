with staged as (
    select * from {{ ref('stg_procurement__items') }}
)

select
    item_id,
    item_name,
    vendor_id,
    category,
    unit,
    {{ run_columns() }}
from staged
