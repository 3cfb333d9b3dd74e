-- One row per item × assigned vendor × assigned branch bought up to the as-of date, where branches paid different prices.
select
    snapshots.item_id,
    snapshots.item_name,
    items.unit,
    snapshots.vendor_id,
    snapshots.vendor_name,
    snapshots.branch_id,
    snapshots.branch_name,
    snapshots.price_sum,
    snapshots.line_count,
    snapshots.quantity
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
left join {procurement}.items on snapshots.item_id = items.item_id
where
    snapshots.lowest_price < snapshots.highest_price
    and snapshots.item_id <> all(%(no_unit_prices)s)
order by snapshots.item_id, snapshots.vendor_id, snapshots.branch_id
