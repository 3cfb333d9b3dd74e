-- One row per branch × vendor that ordered often enough to have a rhythm.
select
    branch_id,
    branch_name,
    vendor_id,
    vendor_name,
    order_count,
    order_amount_sum,
    order_date_count,
    first_order_date,
    last_order_date
from {procurement}.vendor_order_patterns
where
    branch_id is not null
    and vendor_id is not null
    and avg_order_cycle_days is not null
order by branch_id, vendor_id
