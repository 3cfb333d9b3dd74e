with price_variance as (
    select * from {{ ref('price_variance') }}
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
)

select
    item_id,
    item_name,
    {{ ratio('price_sum', 'snapshot_count') }} as avg_price,
    cast(min_price as numeric(38, 12)) as min_price,
    cast(max_price as numeric(38, 12)) as max_price,
    cast(max_price - min_price as numeric(38, 12)) as price_range,
    branch_count,
    snapshot_count,
    {{ run_columns() }}
from items
