with products as (
    select * from {{ ref('int_alignment__products_joined') }}
),

described as (
    select
        vendor_id,
        product_id,
        concat_ws(' ', product_name, description, product_type, size, finish) as body,
        count(*) over (partition by vendor_id) as product_count
    from products
),

words as (
    select
        described.vendor_id,
        described.product_id,
        described.product_count,
        split.word,
        count(*) as word_count
    from described
    cross join lateral {{ words_of('described.body') }} as split
    where length(split.word) >= 2
    group by described.vendor_id, described.product_id, described.product_count, split.word
),

counted as (
    select
        *,
        count(*) over (partition by vendor_id, word) as product_count_with_word
    from words
),

-- TF-IDF: how often the product says the word × ln(products / products that say it). What all say weighs nothing.
weighted as (
    select
        vendor_id,
        product_id,
        word,
        word_count * {{ log_of_quotient('product_count', 'product_count_with_word') }} as weight
    from counted
    where product_count_with_word < product_count
),

product_words_weighted as (
    select
        vendor_id,
        product_id,
        word,
        weight,
        sum(weight * weight) over (partition by product_id) as norm_squared
    from weighted
)

select * from product_words_weighted
