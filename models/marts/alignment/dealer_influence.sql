with scored as (
    select * from {{ ref('int_alignment__dealers_scored') }}
),

dealers as (
    select * from {{ ref('stg_alignment__dealers') }}
),

centrality as (
    select * from {{ ref('dealer_centrality') }}
),

central_medians as (
    select
        vendor_id,
        count(*) as dealer_count,
        percentile_disc(0.5) within group (order by centrality) as median_centrality
    from centrality
    group by vendor_id
),

central_ranks as (
    select
        vendor_id,
        dealer_id,
        centrality,
        rank() over (partition by vendor_id order by centrality desc nulls last) as centrality_rank
    from centrality
),

central_trendsetters as (
    select
        central_ranks.vendor_id,
        central_ranks.dealer_id
    from central_ranks
    inner join central_medians on central_ranks.vendor_id = central_medians.vendor_id
    where
        central_ranks.centrality_rank <= ceil({{ var('trendsetter_share') }} * central_medians.dealer_count)
        and central_ranks.centrality > central_medians.median_centrality
),

combined as (
    select
        scored.*,
        dealers.dealer_name,
        dealers.region,
        dealers.dealer_type,
        central_trendsetters.dealer_id is not null as is_central_trendsetter
    from scored
    left join dealers on scored.dealer_id = dealers.dealer_id
    left join central_trendsetters
        on
            scored.vendor_id = central_trendsetters.vendor_id
            and scored.dealer_id = central_trendsetters.dealer_id
),

dealer_influence as (
    select
        vendor_id,
        dealer_id,
        dealer_name,
        region,
        dealer_type,
        annual_sales,
        sales_basis,
        display_count,
        collection_count,
        market_visit_count,
        sales_volume_score,
        display_breadth_score,
        market_participation_score,
        score,
        influence_rank,
        {% if var('trendsetter_method') == 'centrality' -%}
            is_central_trendsetter as is_trendsetter,
        {%- else -%}
            is_trendsetter,
        {%- endif %}
        {{ run_columns() }}
    from combined
)

select * from dealer_influence
