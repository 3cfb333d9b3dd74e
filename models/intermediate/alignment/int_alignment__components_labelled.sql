{#- A dealer's label is the smallest dealer number it has heard of. With the second and third step of a round a label
    travels far: a chain of 2,000 dealers takes 6 rounds. -#}
{%- set rounds = 20 if var('enable_centrality') else 1 -%}

with ties as (
    select * from {{ ref('int_alignment__dealer_products_tied') }}
),

dealers as (
    select distinct
        vendor_id,
        dealer_id,
        dealer_number
    from ties
),

labels_0 as (
    select
        dealer_number,
        dealer_number as first_number
    from dealers
),

{% for round in range(1, rounds + 1) -%}
    product_labels_{{ round }} as (
        select
            ties.product_number,
            min(labels.first_number) as first_number
        from ties
        inner join labels_{{ round - 1 }} as labels on ties.dealer_number = labels.dealer_number
        group by ties.product_number
    ),

    -- Each dealer takes the smallest label among the dealers it shares a product with …
    shared_labels_{{ round }} as (
        select
            ties.dealer_number,
            min(labels.first_number) as first_number
        from ties
        inner join product_labels_{{ round }} as labels on ties.product_number = labels.product_number
        group by ties.dealer_number
    ),

    -- … so does the dealer that its label names …
    offered_labels_{{ round }} as (
        select
            dealer_number,
            first_number
        from shared_labels_{{ round }}
        union all
        select
            labels.first_number as dealer_number,
            shared.first_number
        from labels_{{ round - 1 }} as labels
        inner join shared_labels_{{ round }} as shared on labels.dealer_number = shared.dealer_number
    ),

    smallest_labels_{{ round }} as (
        select
            dealer_number,
            min(first_number) as first_number
        from offered_labels_{{ round }}
        group by dealer_number
    ),

    -- … and each takes the label of its label.
    labels_{{ round }} as (
        select
            smallest.dealer_number,
            named.first_number
        from smallest_labels_{{ round }} as smallest
        inner join smallest_labels_{{ round }} as named on smallest.first_number = named.dealer_number
    ),

{% endfor -%}
components as (
    select
        dealers.vendor_id,
        dealers.dealer_id,
        dealers.dealer_number,
        labels.first_number as component_number,
        first_dealers.dealer_id as component_id,
        count(*) over (partition by labels.first_number) as component_dealer_count
    from dealers
    inner join labels_{{ rounds }} as labels on dealers.dealer_number = labels.dealer_number
    inner join dealers as first_dealers on labels.first_number = first_dealers.dealer_number
)

select * from components
