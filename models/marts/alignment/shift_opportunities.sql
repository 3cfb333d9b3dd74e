with products as (
    select * from {{ ref('int_alignment__products_joined') }}
),

trends as (
    select * from {{ ref('sku_trends') }}
),

selections as (
    select * from {{ ref('int_alignment__selections_joined') }}
),

displays as (
    select * from {{ ref('int_alignment__displays_joined') }}
),

dealers as (
    select * from {{ ref('stg_alignment__dealers') }}
),

rule_parameters as (
    select * from {{ ref('recommendation_rules') }}
),

shift_rule as (
    select
        max(value) filter (where parameter = 'min_delta') as min_delta,
        max(value) filter (where parameter = 'max_count') as max_count
    from rule_parameters
    where rule_id = 'shift'
),

variants as (
    select
        products.*,
        trends.raw_trend,
        trends.trend_base,
        trends.normalized_trend
    from products
    inner join trends on products.product_id = trends.product_id
    where products.product_type is not null
),

-- A size or finish that is not known counts as no difference.
compared as (
    select
        weaker.vendor_id,
        weaker.collection_id,
        weaker.collection_name,
        weaker.product_type,
        weaker.product_id as from_product_id,
        weaker.product_name as from_product_name,
        weaker.sku as from_sku,
        weaker.size as from_size,
        weaker.finish as from_finish,
        stronger.product_id as to_product_id,
        stronger.product_name as to_product_name,
        stronger.sku as to_sku,
        stronger.size as to_size,
        stronger.finish as to_finish,
        coalesce(weaker.size <> stronger.size, false) as is_other_size,
        coalesce(weaker.finish <> stronger.finish, false) as is_other_finish,
        weaker.normalized_trend as from_trend,
        stronger.normalized_trend as to_trend,
        weaker.raw_trend as from_raw_trend,
        stronger.raw_trend as to_raw_trend,
        stronger.raw_trend - weaker.raw_trend as raw_delta,
        weaker.trend_base
    from variants as weaker
    inner join variants as stronger
        on
            weaker.collection_id = stronger.collection_id
            and weaker.product_type = stronger.product_type
            and weaker.raw_trend < stronger.raw_trend
),

pairs as (
    select compared.*
    from compared
    cross join shift_rule
    where
        (compared.is_other_size or compared.is_other_finish)
        -- Compared as a product: a quotient just above the threshold may round down to it.
        and compared.raw_delta > shift_rule.min_delta * compared.trend_base
),

carried as (
    select
        dealer_id,
        product_id,
        true as is_selected
    from selections
    where
        is_carrying
        and {{ within_last_days('selected_on', var('carry_window_days')) }}
    union all
    select
        dealer_id,
        product_id,
        false as is_selected
    from displays
    where {{ within_last_days('displayed_on', var('carry_window_days')) }}
),

paired_products as (
    select from_product_id as product_id
    from pairs
    union
    select to_product_id as product_id
    from pairs
),

assortments as (
    select
        carried.dealer_id,
        carried.product_id,
        bool_or(carried.is_selected) as is_selected
    from carried
    inner join paired_products on carried.product_id = paired_products.product_id
    group by carried.dealer_id, carried.product_id
),

carriers as (
    select
        product_id,
        count(*) as dealer_count
    from assortments
    group by product_id
),

candidates as (
    select
        weaker.dealer_id,
        weaker.is_selected,
        pairs.*
    from assortments as weaker
    inner join pairs on weaker.product_id = pairs.from_product_id
    left join assortments as stronger
        on
            weaker.dealer_id = stronger.dealer_id
            and pairs.to_product_id = stronger.product_id
    where stronger.product_id is null
),

targets as (
    select
        *,
        row_number() over (
            partition by dealer_id, from_product_id
            order by
                to_raw_trend desc,
                {{ by_code_points('to_product_name') }} asc,
                {{ by_code_points('to_product_id') }} asc
        ) as target_rank
    from candidates
),

ranked as (
    select
        *,
        row_number() over (
            partition by vendor_id, dealer_id
            order by
                raw_delta desc,
                {{ by_code_points('from_product_name') }} asc,
                {{ by_code_points('from_product_id') }} asc
        ) as shift_rank,
        count(*) over (partition by vendor_id, dealer_id) as shift_count
    from targets
    where target_rank = 1
),

shift_opportunities as (
    select
        ranked.vendor_id,
        ranked.dealer_id,
        dealers.dealer_name,
        ranked.collection_id,
        ranked.collection_name,
        ranked.product_type,
        ranked.from_product_id,
        ranked.from_product_name,
        ranked.from_sku,
        ranked.from_size,
        ranked.from_finish,
        ranked.to_product_id,
        ranked.to_product_name,
        ranked.to_sku,
        ranked.to_size,
        ranked.to_finish,
        case
            when ranked.is_other_size and ranked.is_other_finish then 'both'
            when ranked.is_other_size then 'size'
            else 'finish'
        end as changes,
        ranked.is_selected,
        ranked.from_raw_trend,
        ranked.to_raw_trend,
        ranked.trend_base,
        ranked.from_trend,
        ranked.to_trend,
        {{ ratio('ranked.raw_delta', 'ranked.trend_base') }} as delta,
        carriers.dealer_count as from_carrying_dealer_count,
        coalesce(to_carriers.dealer_count, 0) as to_carrying_dealer_count,
        ranked.shift_rank,
        ranked.shift_count,
        {{ run_columns() }}
    from ranked
    cross join shift_rule
    left join dealers on ranked.dealer_id = dealers.dealer_id
    inner join carriers on ranked.from_product_id = carriers.product_id
    left join carriers as to_carriers on ranked.to_product_id = to_carriers.product_id
    where ranked.shift_rank <= shift_rule.max_count
)

select * from shift_opportunities
