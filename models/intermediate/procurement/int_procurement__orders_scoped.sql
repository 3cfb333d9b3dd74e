with orders as (
    select * from {{ ref('int_procurement__orders_summed') }}
)

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
