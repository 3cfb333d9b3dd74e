-- One row per line of an assigned vendor and branch whose price is a pack size away from the usual one.
select
    errors.line_id,
    errors.invoice_id,
    errors.date,
    errors.item_id,
    errors.item_name,
    items.unit,
    errors.vendor_id,
    errors.vendor_name,
    errors.branch_id,
    errors.branch_name,
    errors.quantity,
    errors.unit_price,
    errors.usual_price,
    errors.ratio,
    errors.factor,
    errors.direction,
    errors.amount_at_stake,
    errors.invoice_count
from {procurement}.unit_price_errors as errors
left join {procurement}.items on errors.item_id = items.item_id
where
    errors.vendor_id is not null
    and errors.branch_id is not null
order by errors.item_id, errors.vendor_id, errors.branch_id, errors.invoice_id, errors.line_id
