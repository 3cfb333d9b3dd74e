-- One row per assigned vendor × item with purchases in either half of spend_bridge's quarter, over all branches.
select
    vendor_id,
    min(vendor_name) as vendor_name,
    item_id,
    min(item_name) as item_name,
    min(starts_on) as starts_on,
    min(ends_on) as ends_on,
    min(before_starts_on) as before_starts_on,
    min(before_ends_on) as before_ends_on,
    sum(quantity_before) as quantity_before,
    sum(quantity_now) as quantity_now,
    sum(purchase_amount_before) as purchase_amount_before,
    sum(purchase_amount_now) as purchase_amount_now,
    sum(price_effect) as price_effect
from {procurement}.spend_bridge
where
    period = 'quarter'
    and vendor_id is not null
    and item_id <> all(%(no_unit_prices)s)
group by vendor_id, item_id
order by vendor_id, item_id
