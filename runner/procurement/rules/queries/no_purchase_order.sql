-- One row per assigned vendor × branch: what it was invoiced without an order, and what its branch's other vendors were
-- invoiced with one, over the window.
with totals as (
    select
        branch_id,
        vendor_id,
        count(*) filter (where purchase_order_id is null) as uncovered_invoice_count,
        coalesce(sum(total_amount) filter (where purchase_order_id is null), 0) as uncovered_amount,
        coalesce(sum(total_amount) filter (where purchase_order_id is not null), 0) as covered_amount,
        sum(total_amount) as total_amount
    from {staging}.int_procurement__invoices_totalled
    where
        date between %(first_date)s and %(as_of)s
        and total_amount > 0
        and branch_id is not null
    group by branch_id, vendor_id
),

compared as (
    select
        *,
        sum(total_amount) over (partition by branch_id) - total_amount as other_amount,
        sum(covered_amount) over (partition by branch_id) - covered_amount as other_covered_amount
    from totals
)

select
    compared.branch_id,
    branches.branch_name,
    compared.vendor_id,
    vendors.vendor_name,
    compared.uncovered_invoice_count,
    compared.uncovered_amount,
    compared.other_amount,
    compared.other_covered_amount
from compared
left join {procurement}.branches on compared.branch_id = branches.branch_id
left join {procurement}.vendors on compared.vendor_id = vendors.vendor_id
where compared.vendor_id is not null
order by compared.branch_id, compared.vendor_id
