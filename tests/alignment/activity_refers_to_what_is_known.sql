-- Rows whose dealer, product, collection or selection status nothing is known of: they would be lost on the way.
with dealers as (
    select * from {{ ref('stg_alignment__dealers') }}
),

products as (
    select * from {{ ref('stg_alignment__products') }}
),

collections as (
    select * from {{ ref('stg_alignment__collections') }}
),

selections as (
    select * from {{ ref('stg_alignment__selections') }}
),

displays as (
    select * from {{ ref('stg_alignment__displays') }}
),

sales as (
    select * from {{ ref('stg_alignment__dealer_sales') }}
),

selection_weights as (
    select * from {{ ref('selection_weights') }}
),

references_made as (
    select distinct
        'dealer' as refers_to,
        dealer_id as id
    from selections
    union
    select distinct
        'product' as refers_to,
        product_id as id
    from selections
    union
    select distinct
        'selection status' as refers_to,
        status as id
    from selections
    union
    select distinct
        'dealer' as refers_to,
        dealer_id as id
    from displays
    union
    select distinct
        'product' as refers_to,
        product_id as id
    from displays
    union
    select distinct
        'dealer' as refers_to,
        dealer_id as id
    from sales
    union
    select distinct
        'product' as refers_to,
        product_id as id
    from sales
    union
    select distinct
        'collection' as refers_to,
        collection_id as id
    from products
),

known as (
    select
        'dealer' as refers_to,
        dealer_id as id
    from dealers
    union all
    select
        'product' as refers_to,
        product_id as id
    from products
    union all
    select
        'collection' as refers_to,
        collection_id as id
    from collections
    union all
    select
        'selection status' as refers_to,
        status as id
    from selection_weights
)

select references_made.*
from references_made
left join known
    on
        references_made.refers_to = known.refers_to
        and references_made.id = known.id
where known.id is null
