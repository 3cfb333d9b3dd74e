{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_alignment', 'Product') }}
)

select
    cast(id as text) as product_id,
    cast(sku as text) as sku,
    cast(name as text) as product_name,
    cast(description as text) as description,
    cast("collectionId" as text) as collection_id,
    cast("productType" as text) as product_type,
    cast(size as text) as size,
    cast(finish as text) as finish
from source
