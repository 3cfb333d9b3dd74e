with price_variance as (
    select * from {{ ref('price_variance') }}
),

purchases as (
    select * from {{ ref('invoice_lines') }}
    where {{ is_purchase() }}
),

-- The newest snapshot names the item: an older one may still carry a former name.
named_snapshots as (
    select
        *,
        first_value(item_name) over (partition by item_id order by snapshot_date desc) as newest_item_name,
        -- A mean of means is rounded once, at the end.
        {{ rounded_quotient('price_sum', 'line_count', 24) }} as unrounded_price
    from price_variance
),

items as (
    select
        item_id,
        newest_item_name as item_name,
        sum(unrounded_price) as price_sum,
        min(unrounded_price) as min_price,
        max(unrounded_price) as max_price,
        count(distinct branch_id) + max(case when branch_id is null then 1 else 0 end) as branch_count,
        count(*) as snapshot_count
    from named_snapshots
    group by item_id, newest_item_name
),

-- What one vendor charged one branch; without either counts as one.
vendor_branches as (
    select
        item_id,
        min(unit_price) as lowest_price,
        max(unit_price) as highest_price,
        count(*) as line_count,
        bool_and(quantity = 1) as is_always_one
    from purchases
    where {{ within_last_days('date', var('price_window_days')) }}
    group by item_id, vendor_id, branch_id
),

item_spreads as (
    select
        item_id,
        bool_or(highest_price > {{ var('max_own_spread') }} * lowest_price) as is_spread,
        bool_and(is_always_one)
        and sum(line_count) >= {{ var('amounts_min_lines') }}
        and max(highest_price) > {{ var('max_own_spread') }} * min(lowest_price) as is_amount
    from vendor_branches
    group by item_id
),

price_reasons as (
    select
        item_id,
        case when is_spread then 'own_spread' when is_amount then 'quantity_always_one' end as price_reason
    from item_spreads
),

benchmarks as (
    select
        items.item_id,
        items.item_name,
        {{ ratio('items.price_sum', 'items.snapshot_count') }} as avg_price,
        cast(items.min_price as numeric(38, 12)) as min_price,
        cast(items.max_price as numeric(38, 12)) as max_price,
        cast(items.max_price - items.min_price as numeric(38, 12)) as price_range,
        items.branch_count,
        items.snapshot_count,
        price_reasons.price_reason is null as is_price_comparable,
        price_reasons.price_reason,
        {{ run_columns() }}
    from items
    left join price_reasons on items.item_id = price_reasons.item_id
)

select * from benchmarks
