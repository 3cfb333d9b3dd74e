with staged as (
    select * from {{ ref('stg_procurement__vendors') }}
),

vendors as (
    select
        vendor_id,
        vendor_name,
        tax_id,
        {{ run_columns() }}
    from staged
)

select * from vendors
