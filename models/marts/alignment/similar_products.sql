with products as (
    select * from {{ ref('int_alignment__products_joined') }}
),

chosen as (
    select * from {{ ref('int_alignment__products_chosen') }}
),

words as (
    select * from {{ ref('int_alignment__product_words_weighted') }}
),

-- Enough dealers chose these for their choices to say what a product is like.
known as (
    select
        *,
        max(dealer_count) over () as largest_count
    from chosen
    where dealer_count >= {{ var('similar_min_dealers') }}
),

chosen_together as (
    select
        known.product_id,
        nearest.*
    from known
    cross join lateral (
        select
            other.product_id as similar_product_id,
            {{ shared_size('known.dealer_set', 'other.dealer_set') }} as dot,
            known.dealer_count as norm_squared,
            other.dealer_count as similar_norm_squared,
            {{ closeness(
                shared_size('known.dealer_set', 'other.dealer_set'), 'other.dealer_count', 'known.largest_count'
            ) }} as closeness
        from known as other
        where
            other.vendor_id = known.vendor_id
            and other.product_id <> known.product_id
            and {{ shared_size('known.dealer_set', 'other.dealer_set') }} > 0
        order by closeness desc, {{ by_code_points('other.product_id') }} asc
        limit {{ var('similar_products_listed') }}
    ) as nearest
),

known_words as (
    select
        words.*,
        known.product_id is not null as is_known,
        max(words.norm_squared) over () as largest_norm_squared
    from words
    left join known on words.product_id = known.product_id
),

-- The text speaks for what too few dealers chose, such as a new product.
described_alike as (
    select
        one.product_id,
        other.product_id as similar_product_id,
        one.norm_squared,
        other.norm_squared as similar_norm_squared,
        one.largest_norm_squared,
        sum(one.weight * other.weight) as dot
    from known_words as one
    inner join known_words as other
        on
            one.vendor_id = other.vendor_id
            and one.word = other.word
            and one.product_id <> other.product_id
    where not (one.is_known and other.is_known)
    group by
        one.product_id, other.product_id, one.norm_squared, other.norm_squared, one.largest_norm_squared
),

pairs as (
    select
        product_id,
        similar_product_id,
        'selections' as basis,
        dot,
        norm_squared,
        similar_norm_squared,
        closeness
    from chosen_together
    union all
    select
        product_id,
        similar_product_id,
        'text' as basis,
        dot,
        norm_squared,
        similar_norm_squared,
        {{ fraction_order('dot', 'similar_norm_squared', 'largest_norm_squared') }} as closeness
    from described_alike
),

ranked as (
    select
        *,
        row_number() over (
            partition by product_id order by basis asc, closeness desc, {{ by_code_points('similar_product_id') }} asc
        ) as similar_rank
    from pairs
),

nearest as (
    select * from ranked
    where similar_rank <= {{ var('similar_products_listed') }}
),

similar_products as (
    select
        products.vendor_id,
        nearest.product_id,
        products.sku,
        products.product_name,
        nearest.similar_product_id,
        similar_products.sku as similar_sku,
        similar_products.product_name as similar_product_name,
        {{ cosine('nearest.dot', 'nearest.norm_squared', 'nearest.similar_norm_squared') }} as similarity,
        nearest.basis,
        nearest.similar_rank,
        coalesce({{ shared_size('chosen.dealer_set', 'similar_chosen.dealer_set') }}, 0) as shared_dealer_count,
        {{ run_columns() }}
    from nearest
    inner join products on nearest.product_id = products.product_id
    inner join products as similar_products on nearest.similar_product_id = similar_products.product_id
    left join chosen on nearest.product_id = chosen.product_id
    left join chosen as similar_chosen on nearest.similar_product_id = similar_chosen.product_id
)

select * from similar_products
