with joined as (
    select * from {{ ref('int_alignment__products_joined') }}
),

products as (
    select
        product_id,
        product_name,
        sku,
        description,
        collection_id,
        collection_name,
        vendor_id,
        product_type,
        size,
        finish,
        {{ run_columns() }}
    from joined
)

select * from products
