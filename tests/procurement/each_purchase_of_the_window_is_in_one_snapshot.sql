-- Per item, vendor and branch, the snapshot of the as-of date is one row, with every purchase of its window once; and a
-- price lies within the range of the network. Rows of other dates are not read: a run writes none of them.
with purchases as (
    select * from {{ ref('invoice_lines') }}
    where {{ is_purchase() }}
),

branch_spending as (
    select * from {{ ref('branch_spending') }}
),

price_snapshots as (
    select * from {{ ref('price_snapshots') }}
),

purchased as (
    select
        item_id,
        vendor_id,
        branch_id,
        count(*) as line_count,
        sum(quantity) as quantity,
        sum(unit_price) as price_sum
    from purchases
    where
        -- Marts of another day say nothing about this one's snapshot. Each line has the date of the run that wrote it.
        exists (
            select 1
            from branch_spending
            where branch_spending.as_of = {{ as_of() }}
        )
        and {{ within_last_days('date', var('price_window_days')) }}
    group by item_id, vendor_id, branch_id
),

snapshot as (
    select
        item_id,
        vendor_id,
        branch_id,
        count(*) as row_count,
        sum(line_count) as line_count,
        sum(quantity) as quantity,
        sum(price_sum) as price_sum,
        -- The sum, because the price itself is rounded.
        count(*) filter (
            where not price_sum between network_min_price * line_count and network_max_price * line_count
        ) as impossible_prices
    from price_snapshots
    where snapshot_date = {{ as_of() }}
    group by item_id, vendor_id, branch_id
)

select
    coalesce(purchased.item_id, snapshot.item_id) as item_id,
    coalesce(purchased.vendor_id, snapshot.vendor_id) as vendor_id,
    coalesce(purchased.branch_id, snapshot.branch_id) as branch_id,
    purchased.line_count as purchased_lines,
    snapshot.line_count as snapshot_lines
from purchased
full outer join snapshot
    on
        purchased.item_id = snapshot.item_id
        and {{ same_key('purchased.vendor_id', 'snapshot.vendor_id') }}
        and {{ same_key('purchased.branch_id', 'snapshot.branch_id') }}
where
    purchased.line_count is distinct from snapshot.line_count
    or purchased.quantity is distinct from snapshot.quantity
    or purchased.price_sum is distinct from snapshot.price_sum
    or snapshot.row_count > 1
    or snapshot.impossible_prices > 0
