-- One row per item × vendor bought in both periods: what was paid in the earlier one and in the one that ends as of.
with purchases as (
    select
        item_id,
        item_name,
        vendor_id,
        vendor_name,
        quantity,
        amount,
        date >= %(first_date)s as is_recent
    from {procurement}.invoice_lines
    where
        (
            date between %(first_date)s and %(as_of)s
            or date between %(baseline_first_date)s and %(baseline_last_date)s
        )
        and quantity > 0
        and unit_price > 0
        and vendor_id is not null
        and item_id <> all(%(no_unit_prices)s)
)

select
    purchases.item_id,
    min(purchases.item_name) as item_name,
    min(items.unit) as unit,
    purchases.vendor_id,
    min(purchases.vendor_name) as vendor_name,
    count(*) filter (where is_recent) as line_count,
    sum(amount) filter (where is_recent) as amount,
    sum(quantity) filter (where is_recent) as quantity,
    count(*) filter (where not is_recent) as earlier_line_count,
    sum(amount) filter (where not is_recent) as earlier_amount,
    sum(quantity) filter (where not is_recent) as earlier_quantity
from purchases
left join {procurement}.items on purchases.item_id = items.item_id
group by purchases.item_id, purchases.vendor_id
having bool_or(is_recent) and bool_or(not is_recent)
order by purchases.item_id, purchases.vendor_id
