with collections as (
    select * from {{ ref('stg_alignment__collections') }}
),

products as (
    select * from {{ ref('int_alignment__products_joined') }}
),

weighted as (
    select * from {{ ref('int_alignment__products_weighted') }}
),

dealer_collections as (
    select * from {{ ref('int_alignment__dealer_collections_summarised') }}
),

product_totals as (
    select
        products.collection_id,
        count(*) as sku_count,
        sum(weighted.raw_trend) as raw_trend,
        cast(sum(weighted.selection_count) as bigint) as selection_count,
        sum(weighted.dealer_weight_sum) as dealer_weight_sum
    from products
    left join weighted on products.product_id = weighted.product_id
    group by products.collection_id
),

dealer_totals as (
    select
        collection_id,
        count(*) filter (where trend_carrying_selection_count > 0) as selecting_dealer_count,
        count(*) filter (where trend_display_count > 0) as display_count,
        count(carried_since) as carrying_dealer_count
    from dealer_collections
    group by collection_id
),

active_dealers as (
    select
        vendor_id,
        count(distinct dealer_id) as active_dealer_count
    from dealer_collections
    group by vendor_id
),

measured as (
    select
        collections.vendor_id,
        collections.collection_id,
        collections.collection_name,
        coalesce(product_totals.raw_trend, 0) as raw_trend,
        coalesce(product_totals.selection_count, 0) as selection_count,
        coalesce(dealer_totals.selecting_dealer_count, 0) as selecting_dealer_count,
        coalesce(dealer_totals.display_count, 0) as display_count,
        coalesce(dealer_totals.carrying_dealer_count, 0) as carrying_dealer_count,
        coalesce(active_dealers.active_dealer_count, 0) as active_dealer_count,
        coalesce(product_totals.sku_count, 0) as sku_count,
        coalesce(product_totals.dealer_weight_sum, 0) as dealer_weight_sum
    from collections
    left join product_totals on collections.collection_id = product_totals.collection_id
    left join dealer_totals on collections.collection_id = dealer_totals.collection_id
    left join active_dealers on collections.vendor_id = active_dealers.vendor_id
),

-- normalized trend = raw trend / the vendor's largest raw trend (at least 1)
ranked as (
    select
        *,
        greatest(1, max(raw_trend) over (partition by vendor_id)) as trend_base,
        rank() over (partition by vendor_id order by raw_trend desc) as trend_rank
    from measured
),

collection_trends as (
    select
        vendor_id,
        collection_id,
        collection_name,
        raw_trend,
        trend_base,
        {{ ratio('raw_trend', 'trend_base') }} as normalized_trend,
        -- Compared as a product: a quotient just below the threshold may round up to it.
        raw_trend >= {{ var('market_top_min_trend') }} * trend_base as is_market_top,
        selection_count,
        selecting_dealer_count,
        display_count,
        carrying_dealer_count,
        active_dealer_count,
        sku_count,
        {{ ratio('dealer_weight_sum', 'greatest(1, selection_count)') }} as avg_dealer_influence,
        trend_rank,
        {{ run_columns() }}
    from ranked
)

select * from collection_trends
