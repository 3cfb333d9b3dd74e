with selections as (
    select * from {{ ref('int_alignment__selections_joined') }}
),

choices as (
    select
        vendor_id,
        product_id,
        dealer_id
    from selections
    where status <> 'PASSED'
),

dealers as (
    select distinct dealer_id
    from choices
),

numbered_dealers as (
    select
        dealer_id,
        row_number() over (order by {{ by_code_points('dealer_id') }}) - 1 as place,
        count(*) over () as place_count
    from dealers
),

-- Each dealer's set is written once, not once for each product it chose.
single_dealers as (
    select
        dealer_id,
        {{ set_of('place', 'place_count') }} as dealer_set
    from numbered_dealers
    group by dealer_id
),

collected as (
    select
        choices.vendor_id,
        choices.product_id,
        {{ union_of('single_dealers.dealer_set') }} as dealer_set
    from choices
    inner join single_dealers on choices.dealer_id = single_dealers.dealer_id
    group by choices.vendor_id, choices.product_id
),

products_chosen as (
    select
        vendor_id,
        product_id,
        dealer_set,
        {{ set_size('dealer_set') }} as dealer_count
    from collected
)

select * from products_chosen
