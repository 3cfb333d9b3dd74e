-- One row per item × assigned vendor × assigned branch bought up to the as-of date, where branches paid different prices.
select
    item_id,
    item_name,
    vendor_id,
    vendor_name,
    branch_id,
    branch_name,
    price_sum,
    line_count,
    quantity
from (
    select
        *,
        min(price) over (partition by item_id, vendor_id) as lowest_price,
        max(price) over (partition by item_id, vendor_id) as highest_price
    from {procurement}.price_snapshots
    where
        snapshot_date = %(as_of)s
        and vendor_id is not null
        and branch_id is not null
) as snapshots
where lowest_price < highest_price
order by item_id, vendor_id, branch_id
