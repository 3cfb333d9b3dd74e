with ties as (
    select * from {{ ref('int_alignment__dealer_products_tied') }}
),

components as (
    select * from {{ ref('int_alignment__components_labelled') }}
),

standings as (
    select * from {{ ref('int_alignment__centrality_iterated') }}
),

products as (
    select distinct
        product_id,
        product_number
    from ties
),

large_components as (
    select component_number
    from components
    group by component_number
    having count(*) >= {{ var('centrality_min_dealers') }}
),

products_factored as (
    select
        products.product_id,
        standings.standing as factor
    from products
    inner join standings on products.product_number = standings.product_number
    inner join large_components on standings.component_number = large_components.component_number
)

select * from products_factored
