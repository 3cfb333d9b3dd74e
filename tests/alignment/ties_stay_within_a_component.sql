-- Two dealers who chose the same product are in one component, whatever the number of rounds it took to find it.
with ties as (
    select * from {{ ref('int_alignment__dealer_products_tied') }}
),

components as (
    select * from {{ ref('int_alignment__components_labelled') }}
)

select ties.product_number
from ties
left join components on ties.dealer_number = components.dealer_number
group by ties.product_number
having count(distinct components.component_number) <> 1
