with products as (
    select * from {{ ref('stg_alignment__products') }}
),

collections as (
    select * from {{ ref('stg_alignment__collections') }}
),

products_joined as (
    select
        products.product_id,
        products.sku,
        products.product_name,
        products.description,
        products.collection_id,
        collections.collection_name,
        collections.vendor_id,
        products.product_type,
        products.size,
        products.finish
    from products
    inner join collections on products.collection_id = collections.collection_id
)

select * from products_joined
