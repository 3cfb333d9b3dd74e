with staged as (
    select * from {{ ref('stg_procurement__items') }}
),

vendors as (
    select * from {{ ref('stg_procurement__vendors') }}
),

items as (
    select
        staged.item_id,
        staged.item_name,
        staged.vendor_id,
        {{ dimension_name('staged.vendor_id', 'vendors.vendor_name') }} as vendor_name,
        staged.category,
        staged.unit,
        {{ run_columns() }}
    from staged
    left join vendors on staged.vendor_id = vendors.vendor_id
)

select * from items
