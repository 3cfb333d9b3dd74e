with products as (
    select * from {{ ref('int_alignment__products_joined') }}
),

factored as (
    select * from {{ ref('int_alignment__products_factored') }}
),

ranked as (
    select
        products.vendor_id,
        products.product_id,
        products.sku,
        products.product_name,
        factored.factor,
        rank() over (partition by products.vendor_id order by factored.factor desc nulls last) as place
    from products
    left join factored on products.product_id = factored.product_id
    where {{ var('enable_centrality') }}
),

product_factors as (
    select
        vendor_id,
        product_id,
        sku,
        product_name,
        factor,
        case when factor is not null then place end as factor_rank,
        {{ run_columns() }}
    from ranked
)

select * from product_factors
