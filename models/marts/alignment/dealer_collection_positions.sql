{{ config(indexes=[{'columns': ['dealer_id']}]) }}

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

add_rule as (
    select
        max(value) filter (where parameter = 'min_trend') as min_trend,
        max(value) filter (where parameter = 'min_carrier_share') as min_carrier_share
    from rule_parameters
    where rule_id = 'add'
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
    cross join add_rule
    left join carried
        on
            scored.dealer_id = carried.dealer_id
            and trends.collection_id = carried.collection_id
    where
        carried.collection_id is null
        -- Compared as products: a quotient just below a threshold may round up to it.
        and case
            when add_rule.min_carrier_share is null
                then trends.raw_trend >= add_rule.min_trend * trends.trend_base
            else trends.carrying_dealer_count >= add_rule.min_carrier_share * trends.active_dealer_count
        end
),

positions as (
    select * from carried
    union all
    select * from addable
),

dealer_collection_positions as (
    select
        trends.vendor_id,
        positions.dealer_id,
        dealers.dealer_name,
        positions.collection_id,
        trends.collection_name,
        positions.carried_since is not null as is_carried,
        positions.carried_since,
        dealer_collections.last_displayed_on,
        dealer_collections.last_selected_on,
        dealer_collections.highest_status,
        coalesce(dealer_collections.highest_status = 'MUST_CARRY', false) as has_must_carry,
        trends.raw_trend,
        trends.trend_base,
        trends.normalized_trend,
        trends.is_market_top,
        trends.selection_count,
        trends.selecting_dealer_count,
        trends.display_count,
        trends.carrying_dealer_count,
        trends.active_dealer_count,
        trends.sku_count,
        trends.avg_dealer_influence,
        trends.trend_rank,
        {{ run_columns() }}
    from positions
    inner join trends on positions.collection_id = trends.collection_id
    left join dealers on positions.dealer_id = dealers.dealer_id
    left join dealer_collections
        on
            positions.dealer_id = dealer_collections.dealer_id
            and positions.collection_id = dealer_collections.collection_id
)

select * from dealer_collection_positions
