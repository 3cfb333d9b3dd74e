with staged as (
    select * from {{ ref('stg_procurement__purchase_orders') }}
),

dated as (
    select
        *,
        {{ business_date('ordered_at') }} as order_date
    from staged
),

purchase_orders as (
    select
        purchase_order_id,
        vendor_id,
        branch_id,
        status,
        order_date,
        amount,
        {{ run_columns() }}
    from dated
    where order_date <= {{ as_of() }}
)

select * from purchase_orders
