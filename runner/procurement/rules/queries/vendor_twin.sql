-- One row per vendor that may be another one, where both have purchases.
select
    vendor_id,
    vendor_name,
    other_vendor_id,
    other_vendor_name,
    basis,
    tax_id,
    other_tax_id,
    total_amount,
    other_total_amount
from {procurement}.vendor_twins
where
    purchase_count > 0
    and other_purchase_count > 0
order by vendor_id, basis
