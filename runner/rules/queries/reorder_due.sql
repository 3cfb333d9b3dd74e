-- One row per item × assigned branch with a predicted order; the usual vendor is that of the last order, and the item
-- is ordered when a purchase order has gone to that vendor for that branch since.
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
    exists (
        select 1
        from {procurement}.purchase_orders
        where
            purchase_orders.vendor_id = patterns.last_vendor_id
            and purchase_orders.branch_id = patterns.branch_id
            and purchase_orders.order_date > patterns.last_order_date
            and purchase_orders.order_date <= %(as_of)s
    ) as is_ordered
from {procurement}.purchase_patterns as patterns
left join {procurement}.items on patterns.item_id = items.item_id
where
    patterns.scope = 'branch'
    and patterns.branch_id is not null
    and patterns.next_predicted_order_date is not null
order by patterns.item_id, patterns.branch_id
