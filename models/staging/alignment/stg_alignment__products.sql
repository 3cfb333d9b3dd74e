{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_alignment', 'Product') }}
)

select
    cast(id as {{ dbt.type_string() }}) as product_id,
    cast(sku as {{ dbt.type_string() }}) as sku,
    cast(name as {{ dbt.type_string() }}) as product_name,
    cast(description as {{ dbt.type_string() }}) as description,
    cast("collectionId" as {{ dbt.type_string() }}) as collection_id,
    cast("productType" as {{ dbt.type_string() }}) as product_type,
    cast(size as {{ dbt.type_string() }}) as size,
    cast(finish as {{ dbt.type_string() }}) as finish
from source
