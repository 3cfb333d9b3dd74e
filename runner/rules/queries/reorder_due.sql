-- One row per item × assigned branch with a predicted order; the usual vendor is that of the last order, and the item
-- is ordered when a purchase order has gone to that vendor for that branch since.
with patterns as (
    select *
    from {procurement}.purchase_patterns
    where
        scope = 'branch'
        and branch_id is not null
        and next_predicted_order_date is not null
),

last_orders as (
    select distinct on (patterns.item_id, patterns.branch_id)
        patterns.item_id,
        patterns.branch_id,
        lines.vendor_id,
        lines.vendor_name
    from patterns
    inner join {procurement}.invoice_lines as lines
        on
            patterns.item_id = lines.item_id
            and patterns.branch_id = lines.branch_id
            and patterns.last_order_date = lines.date
    where
        lines.quantity > 0
        and lines.unit_price > 0
    order by patterns.item_id, patterns.branch_id, lines.invoice_id desc, lines.line_id desc
)

select
    patterns.item_id,
    patterns.item_name,
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
    last_orders.vendor_id as last_vendor_id,
    last_orders.vendor_name as last_vendor_name,
    exists (
        select 1
        from {procurement}.purchase_orders
        where
            purchase_orders.vendor_id = last_orders.vendor_id
            and purchase_orders.branch_id = patterns.branch_id
            and purchase_orders.order_date > patterns.last_order_date
            and purchase_orders.order_date <= %(as_of)s
    ) as is_ordered
from patterns
inner join last_orders
    on patterns.item_id = last_orders.item_id and patterns.branch_id = last_orders.branch_id
order by patterns.item_id, patterns.branch_id
