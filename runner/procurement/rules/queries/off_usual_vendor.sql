-- One row per item × assigned branch × vendor other than the one the network usually buys the item from.
select
    purchases.item_id,
    purchases.item_name,
    items.unit,
    purchases.branch_id,
    purchases.branch_name,
    purchases.vendor_id,
    purchases.vendor_name,
    purchases.usual_vendor_id,
    purchases.usual_vendor_name,
    purchases.invoice_count,
    purchases.line_count,
    purchases.quantity,
    purchases.total_amount,
    purchases.usual_price,
    purchases.usual_line_count,
    purchases.extra_cost,
    cast(%(last_date)s as date) - cast(%(first_date)s as date) + 1 as window_days
from {procurement}.off_usual_purchases as purchases
left join {procurement}.items on purchases.item_id = items.item_id
where
    purchases.branch_id is not null
    and purchases.item_id <> all(%(no_unit_prices)s)
order by purchases.item_id, purchases.branch_id, purchases.vendor_id
