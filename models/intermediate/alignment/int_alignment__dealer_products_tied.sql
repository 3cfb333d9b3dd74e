with selections as (
    select * from {{ ref('int_alignment__selections_joined') }}
),

selection_weights as (
    select * from {{ ref('selection_weights') }}
),

passed as (
    select weight
    from selection_weights
    where status = 'PASSED'
),

weighted as (
    select
        selections.vendor_id,
        selections.dealer_id,
        selections.product_id,
        selection_weights.weight - passed.weight as weight
    from selections
    inner join selection_weights on selections.status = selection_weights.status
    cross join passed
    where {{ var('enable_centrality') }}
),

-- Numbers in the order of ids, which are joined by and compared many times.
dealer_products_tied as (
    select
        vendor_id,
        dealer_id,
        product_id,
        dense_rank() over (order by {{ by_code_points('vendor_id') }}, {{ by_code_points('dealer_id') }})
            as dealer_number,
        dense_rank() over (order by {{ by_code_points('product_id') }}) as product_number,
        weight
    from weighted
    where weight > 0
)

select * from dealer_products_tied
