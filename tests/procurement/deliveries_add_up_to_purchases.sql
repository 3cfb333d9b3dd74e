-- Per branch and vendor, the deliveries hold exactly the purchases of the window.
with purchases as (
    select * from {{ ref('invoice_lines') }}
    where {{ is_purchase() }}
),

vendor_order_patterns as (
    select * from {{ ref('vendor_order_patterns') }}
),

expected as (
    select
        branch_id,
        vendor_id,
        count(distinct invoice_id) as order_count,
        count(distinct date) as order_date_count,
        sum(amount) as amount
    from purchases
    where {{ within_last_days('date', var('pattern_window_days')) }}
    group by branch_id, vendor_id
)

select
    coalesce(expected.branch_id, vendor_order_patterns.branch_id) as branch_id,
    coalesce(expected.vendor_id, vendor_order_patterns.vendor_id) as vendor_id
from expected
full outer join vendor_order_patterns
    on
        {{ same_key('expected.branch_id', 'vendor_order_patterns.branch_id') }}
        and {{ same_key('expected.vendor_id', 'vendor_order_patterns.vendor_id') }}
where
    expected.order_count is distinct from vendor_order_patterns.order_count
    or expected.order_date_count is distinct from vendor_order_patterns.order_date_count
    or expected.amount is distinct from vendor_order_patterns.order_amount_sum
