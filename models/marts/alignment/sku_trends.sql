with products as (
    select * from {{ ref('int_alignment__products_joined') }}
),

weighted as (
    select * from {{ ref('int_alignment__products_weighted') }}
),

measured as (
    select
        products.vendor_id,
        products.product_id,
        products.sku,
        products.product_name,
        products.collection_id,
        products.collection_name,
        coalesce(weighted.raw_trend, 0) as raw_trend,
        coalesce(weighted.selection_count, 0) as selection_count,
        coalesce(weighted.must_carry_count, 0) as must_carry_count,
        coalesce(weighted.pass_count, 0) as pass_count,
        coalesce(weighted.dealer_weight_sum, 0) as dealer_weight_sum
    from products
    left join weighted on products.product_id = weighted.product_id
),

-- normalized trend = raw trend / the vendor's largest raw trend (at least 1)
ranked as (
    select
        *,
        greatest(1, max(raw_trend) over (partition by vendor_id)) as trend_base,
        rank() over (partition by vendor_id order by raw_trend desc) as trend_rank
    from measured
),

sku_trends as (
    select
        vendor_id,
        product_id,
        sku,
        product_name,
        collection_id,
        collection_name,
        raw_trend,
        trend_base,
        {{ ratio('raw_trend', 'trend_base') }} as normalized_trend,
        selection_count,
        must_carry_count,
        pass_count,
        {{ ratio('dealer_weight_sum', 'greatest(1, selection_count)') }} as avg_dealer_influence,
        trend_rank,
        {{ run_columns() }}
    from ranked
)

select * from sku_trends
