with dealer_collections as (
    select * from {{ ref('int_alignment__dealer_collections_summarised') }}
),

displays as (
    select * from {{ ref('int_alignment__displays_joined') }}
),

sales as (
    select * from {{ ref('int_alignment__dealer_sales_summed') }}
),

active_dealers as (
    select
        vendor_id,
        dealer_id,
        cast(sum(display_count) as bigint) as display_count,
        count(*) filter (where display_count > 0) as collection_count
    from dealer_collections
    group by vendor_id, dealer_id
),

-- A market is visited whichever vendor's products were ordered there.
visited_markets as (
    select distinct
        dealer_id,
        source_market
    from displays
    where displayed_on >= cast({{ dbt.dateadd('year', '-' ~ var('market_visit_years'), as_of()) }} as date)
),

visits as (
    select
        dealer_id,
        count(source_market) as market_visit_count
    from visited_markets
    group by dealer_id
),

-- One sale of a vendor makes sales the measure for all its dealers, also when no active dealer made it.
selling_vendors as (
    select distinct vendor_id
    from sales
),

measured as (
    select
        active_dealers.vendor_id,
        active_dealers.dealer_id,
        case
            when selling_vendors.vendor_id is not null then coalesce(sales.amount, 0)
            else active_dealers.display_count * cast({{ var('sales_per_display') }} as {{ exact_type() }})
        end as annual_sales,
        case when selling_vendors.vendor_id is not null then 'actual' else 'displays' end as sales_basis,
        active_dealers.display_count,
        active_dealers.collection_count,
        coalesce(visits.market_visit_count, 0) as market_visit_count
    from active_dealers
    left join visits on active_dealers.dealer_id = visits.dealer_id
    left join selling_vendors on active_dealers.vendor_id = selling_vendors.vendor_id
    left join sales
        on
            active_dealers.vendor_id = sales.vendor_id
            and active_dealers.dealer_id = sales.dealer_id
),

-- Each measure, cut to what earns the full 100 points.
capped as (
    select
        *,
        least(greatest(annual_sales, 0), {{ var('full_score_sales') }}) as capped_sales,
        cast(least(collection_count, {{ var('full_score_collections') }}) as {{ exact_type() }}) as capped_collections,
        cast(least(market_visit_count, {{ var('full_score_market_visits') }}) as {{ exact_type() }}) as capped_visits
    from measured
),

-- score = 100 * Σ (weight * capped measure / full-score measure) / Σ weight
-- Over one common denominator, so that only the end result is divided. Without any weight, every score is 0.
combined as (
    select
        *,
        100 * (
            {{ var('influence_weight_sales') }} * capped_sales
            * {{ var('full_score_collections') }} * {{ var('full_score_market_visits') }}
            + {{ var('influence_weight_breadth') }} * capped_collections
            * {{ var('full_score_sales') }} * {{ var('full_score_market_visits') }}
            + {{ var('influence_weight_participation') }} * capped_visits
            * {{ var('full_score_sales') }} * {{ var('full_score_collections') }}
        ) as score_numerator,
        cast({{ var('full_score_sales') }} as {{ exact_type() }})
        * {{ var('full_score_collections') }} * {{ var('full_score_market_visits') }}
        * coalesce(
            nullif(
                {{ var('influence_weight_sales') }} + {{ var('influence_weight_breadth') }}
                + {{ var('influence_weight_participation') }},
                0
            ),
            1
        ) as score_denominator
    from capped
),

scored as (
    select
        *,
        {{ rounded_quotient('score_numerator', 'score_denominator') }} as score
    from combined
),

vendor_medians as (
    select
        vendor_id,
        percentile_disc(0.5) within group (order by score) as median_score,
        percentile_disc(0.5) within group (order by score) filter (where score > 0) as median_positive_score
    from scored
    group by vendor_id
),

ranked as (
    select
        *,
        rank() over (partition by vendor_id order by score desc) as influence_rank,
        count(*) over (partition by vendor_id) as vendor_dealer_count
    from scored
),

dealers_scored as (
    select
        ranked.vendor_id,
        ranked.dealer_id,
        ranked.annual_sales,
        ranked.sales_basis,
        ranked.display_count,
        ranked.collection_count,
        ranked.market_visit_count,
        cast({{ rounded_quotient('100 * ranked.capped_sales', var('full_score_sales')) }} as integer)
            as sales_volume_score,
        cast({{ rounded_quotient('100 * ranked.capped_collections', var('full_score_collections')) }} as integer)
            as display_breadth_score,
        cast({{ rounded_quotient('100 * ranked.capped_visits', var('full_score_market_visits')) }} as integer)
            as market_participation_score,
        cast(ranked.score as integer) as score,
        ranked.influence_rank,
        (
            ranked.influence_rank <= ceil({{ var('trendsetter_share') }} * ranked.vendor_dealer_count)
            and ranked.score > vendor_medians.median_score
        ) as is_trendsetter,
        -- Without a track record a dealer weighs what the vendor's middle dealer weighs.
        cast(
            case
                when ranked.score > 0 then ranked.score
                else coalesce(vendor_medians.median_positive_score, {{ var('neutral_dealer_weight') }})
            end as {{ exact_type() }}
        ) as dealer_weight
    from ranked
    inner join vendor_medians on ranked.vendor_id = vendor_medians.vendor_id
)

select * from dealers_scored
