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

markets as (
    select
        vendor_id,
        count(*) as market_top_count,
        sum(raw_trend) as top_trend
    from trends
    where is_market_top
    group by vendor_id
),

assortments as (
    select
        dealer_collections.vendor_id,
        dealer_collections.dealer_id,
        count(*) as collection_count,
        count(*) filter (where trends.is_market_top) as overlap_count,
        sum(trends.raw_trend) filter (where trends.is_market_top) as overlap_trend
    from dealer_collections
    inner join trends on dealer_collections.collection_id = trends.collection_id
    where dealer_collections.carried_since is not null
    group by dealer_collections.vendor_id, dealer_collections.dealer_id
),

compared as (
    select
        scored.vendor_id,
        scored.dealer_id,
        dealers.dealer_name,
        coalesce(assortments.collection_count, 0) as collection_count,
        coalesce(markets.market_top_count, 0) as market_top_count,
        coalesce(assortments.overlap_count, 0) as overlap_count,
        coalesce(assortments.overlap_trend, 0) as overlap_trend,
        markets.top_trend
    from scored
    left join dealers on scored.dealer_id = dealers.dealer_id
    left join markets on scored.vendor_id = markets.vendor_id
    left join assortments
        on
            scored.vendor_id = assortments.vendor_id
            and scored.dealer_id = assortments.dealer_id
),

-- alignment score = 100 * Σ trend of the market's top collections that the dealer carries / Σ trend of all of them
dealer_alignment as (
    select
        vendor_id,
        dealer_id,
        dealer_name,
        -- Within a vendor all trends have one base, so the shares of the raw trends are those of the normalized ones.
        cast(
            case
                when market_top_count = 0 then {{ var('neutral_alignment_score') }}
                else {{ rounded_quotient('100 * overlap_trend', 'top_trend') }}
            end as integer
        ) as alignment_score,
        case
            when market_top_count = 0 then 'low'
            when collection_count >= {{ var('high_confidence_collections') }} then 'high'
            when collection_count >= {{ var('medium_confidence_collections') }} then 'medium'
            else 'low'
        end as confidence,
        collection_count,
        market_top_count,
        overlap_count,
        {{ run_columns() }}
    from compared
)

select * from dealer_alignment
