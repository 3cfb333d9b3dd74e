-- Items whose prices are no unit prices within some dates: a vendor's prices at one branch spread too much, or every
-- quantity is 1 and the prices differ too much. The same as is_price_comparable of item_price_benchmarks.
with cells as (
    select
        item_id,
        min(unit_price) as lowest_price,
        max(unit_price) as highest_price,
        count(*) as line_count,
        bool_and(quantity = 1) as is_always_one
    from {procurement}.invoice_lines
    where
        date between %(first_date)s and %(last_date)s
        and quantity > 0
        and unit_price > 0
    group by item_id, vendor_id, branch_id
)

select item_id
from cells
group by item_id
having
    bool_or(highest_price > %(max_own_spread)s * lowest_price)
    or (
        bool_and(is_always_one)
        and sum(line_count) >= %(amounts_min_lines)s
        and max(highest_price) > %(max_own_spread)s * min(lowest_price)
    )
