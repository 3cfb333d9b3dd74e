-- One row per item × assigned branch with a predicted order; the usual vendor is that of the last order, and the item
-- is ordered when a purchase order has gone to that vendor for that branch since.
with newest_orders as (
    select
        vendor_id,
        branch_id,
        max(order_date) as order_date
    from {procurement}.purchase_orders
    where order_date <= %(as_of)s
    group by vendor_id, branch_id
)

select
    patterns.item_id,
    patterns.item_name,
    items.unit,
    patterns.branch_id,
    patterns.branch_name,
    patterns.order_count,
    patterns.avg_order_quantity,
    patterns.first_order_date,
    patterns.last_order_date,
    patterns.order_date_count,
    patterns.gap_count,
    patterns.gap_sum,
    patterns.gap_square_sum,
    patterns.next_predicted_order_date,
    patterns.confidence_score,
    patterns.last_vendor_id,
    patterns.last_vendor_name,
    coalesce(newest_orders.order_date > patterns.last_order_date, false) as is_ordered
from {procurement}.purchase_patterns as patterns
left join {procurement}.items on patterns.item_id = items.item_id
left join newest_orders
    on patterns.last_vendor_id = newest_orders.vendor_id and patterns.branch_id = newest_orders.branch_id
where
    patterns.scope = 'branch'
    and patterns.branch_id is not null
    and patterns.next_predicted_order_date is not null
order by patterns.item_id, patterns.branch_id
