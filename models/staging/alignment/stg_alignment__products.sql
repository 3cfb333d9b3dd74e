{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{
        source_rows(
            source('raw_alignment', 'Product'),
            required={'id': 'text', 'sku': 'text', 'name': 'text', 'description': 'text', 'collectionId': 'text'},
            optional={'productType': 'text', 'size': 'text', 'finish': 'text'},
        )
    }}
)

select
    id as product_id,
    sku,
    name as product_name,
    description,
    collection_id,
    product_type,
    size,
    finish
from source
