-- One row per pair of invoices that may be the same, by the later one.
select
    invoice_id,
    other_invoice_id,
    basis,
    date,
    other_date,
    days_apart,
    invoice_number,
    other_invoice_number,
    total_amount,
    other_total_amount,
    identical_line_count,
    identical_amount,
    identical_share,
    vendor_id,
    vendor_name,
    branch_id,
    branch_name,
    other_branch_id,
    other_branch_name
from {procurement}.duplicate_invoices
order by invoice_id, other_invoice_id, basis
