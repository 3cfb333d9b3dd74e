-- Per item and vendor, the price history of the as-of date holds the purchases that the snapshots of that date hold by
-- branch.
with item_price_history as (
    select * from {{ ref('item_price_history') }}
),

price_snapshots as (
    select * from {{ ref('price_snapshots') }}
),

prices as (
    select *
    from item_price_history
    where as_of = {{ as_of() }}
),

branch_prices as (
    select
        {{ dimension_text('item_id') }} || '|' || {{ dimension_text('vendor_id') }} as price_key,
        sum(line_count) as line_count,
        sum(quantity) as quantity
    from price_snapshots
    where snapshot_date = {{ as_of() }}
    group by item_id, vendor_id
)

select
    coalesce(prices.price_key, branch_prices.price_key) as price_key,
    prices.line_count as history_lines,
    branch_prices.line_count as snapshot_lines
from prices
full outer join branch_prices on prices.price_key = branch_prices.price_key
where
    prices.line_count is distinct from branch_prices.line_count
    or prices.quantity is distinct from branch_prices.quantity
