{#- Power iteration on the dealer × product matrix, in whole numbers of which the component's largest is one thousand
    million: sums are exact, so that neither a plan nor the order of rows can change a value. -#}
{%- set iterations = 20 if var('enable_centrality') else 1 -%}
{%- set largest = 1000000000 -%}

with ties as (
    select * from {{ ref('int_alignment__dealer_products_tied') }}
),

components as (
    select * from {{ ref('int_alignment__components_labelled') }}
),

edges as (
    select
        ties.dealer_number,
        ties.product_number,
        components.component_number,
        ties.weight
    from ties
    inner join components on ties.dealer_number = components.dealer_number
),

dealers_0 as (
    select
        dealer_number,
        component_number,
        {{ largest }} as standing
    from components
),

{% for iteration in range(1, iterations + 1) -%}
    product_sums_{{ iteration }} as (
        select
            edges.product_number,
            edges.component_number,
            sum(edges.weight * dealers.standing) as total,
            max(sum(edges.weight * dealers.standing)) over (partition by edges.component_number) as largest_total
        from edges
        inner join dealers_{{ iteration - 1 }} as dealers on edges.dealer_number = dealers.dealer_number
        group by edges.product_number, edges.component_number
    ),

    products_{{ iteration }} as (
        select
            product_number,
            component_number,
            {{ rounded_quotient(largest ~ ' * total', 'largest_total') }} as standing
        from product_sums_{{ iteration }}
    ),

    dealer_sums_{{ iteration }} as (
        select
            edges.dealer_number,
            edges.component_number,
            sum(edges.weight * products.standing) as total,
            max(sum(edges.weight * products.standing)) over (partition by edges.component_number) as largest_total
        from edges
        inner join products_{{ iteration }} as products on edges.product_number = products.product_number
        group by edges.dealer_number, edges.component_number
    ),

    dealers_{{ iteration }} as (
        select
            dealer_number,
            component_number,
            {{ rounded_quotient(largest ~ ' * total', 'largest_total') }} as standing
        from dealer_sums_{{ iteration }}
    ),

{% endfor -%}
moves as (
    select
        dealers.component_number,
        max(abs(dealers.standing - previous.standing)) as largest_move
    from dealers_{{ iterations }} as dealers
    inner join dealers_{{ iterations - 1 }} as previous on dealers.dealer_number = previous.dealer_number
    group by dealers.component_number
),

standings as (
    select
        dealer_number,
        cast(null as bigint) as product_number,
        component_number,
        standing
    from dealers_{{ iterations }}
    union all
    select
        cast(null as bigint) as dealer_number,
        product_number,
        component_number,
        standing
    from products_{{ iterations }}
),

centrality_iterated as (
    select
        standings.dealer_number,
        standings.product_number,
        standings.component_number,
        {{ ratio('standings.standing', largest) }} as standing,
        {{ ratio('moves.largest_move', largest) }} as moved
    from standings
    inner join moves on standings.component_number = moves.component_number
)

select * from centrality_iterated
