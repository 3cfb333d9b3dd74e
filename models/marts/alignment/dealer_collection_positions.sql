with scored as (
    select * from {{ ref('int_alignment__dealers_scored') }}
),

dealers as (
    select * from {{ ref('stg_alignment__dealers') }}
),

dealer_collections as (
    select * from {{ ref('int_alignment__dealer_collections_summarised') }}
),

trends as (
    select * from {{ ref('collection_trends') }}
),

rule_parameters as (
    select * from {{ ref('recommendation_rules') }}
),

add_threshold as (
    select value as min_trend
    from rule_parameters
    where
        rule_id = 'add'
        and parameter = 'min_trend'
),

carried as (
    select
        dealer_id,
        collection_id,
        carried_since
    from dealer_collections
    where carried_since is not null
),

addable as (
    select
        scored.dealer_id,
        trends.collection_id,
        cast(null as date) as carried_since
    from scored
    inner join trends on scored.vendor_id = trends.vendor_id
    cross join add_threshold
    left join carried
        on
            scored.dealer_id = carried.dealer_id
            and trends.collection_id = carried.collection_id
    where
        carried.collection_id is null
        -- Compared as a product: a quotient just below the threshold may round up to it.
        and trends.raw_trend >= add_threshold.min_trend * trends.trend_base
),

positions as (
    select * from carried
    union all
    select * from addable
)

select
    trends.vendor_id,
    positions.dealer_id,
    dealers.dealer_name,
    positions.collection_id,
    trends.collection_name,
    positions.carried_since is not null as is_carried,
    positions.carried_since,
    trends.raw_trend,
    trends.trend_base,
    trends.normalized_trend,
    trends.is_market_top,
    trends.selection_count,
    trends.selecting_dealer_count,
    trends.display_count,
    trends.carrying_dealer_count,
    trends.sku_count,
    trends.avg_dealer_influence,
    trends.trend_rank,
    {{ run_columns() }}
from positions
inner join trends on positions.collection_id = trends.collection_id
left join dealers on positions.dealer_id = dealers.dealer_id
