with purchases as (
    select * from {{ ref('invoice_lines') }}
    where {{ is_purchase() }}
),

orders as (
    select
        invoice_id,
        item_id,
        branch_id,
        -- An invoice's lines of one item share a vendor: it is the invoice's, or else the item's.
        vendor_id,
        date as order_date,
        sum(quantity) as quantity,
        sum(amount) as amount
    from purchases
    where {{ within_last_days('date', var('pattern_window_days')) }}
    group by invoice_id, item_id, branch_id, vendor_id, date
),

scoped_orders as (
    select
        'network' as scope,
        item_id,
        cast(null as integer) as branch_id,
        invoice_id,
        vendor_id,
        order_date,
        quantity,
        amount
    from orders
    union all
    select
        'branch' as scope,
        item_id,
        branch_id,
        invoice_id,
        vendor_id,
        order_date,
        quantity,
        amount
    from orders
)

select * from scoped_orders
