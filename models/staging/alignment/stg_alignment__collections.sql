{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_alignment', 'Collection') }}
)

select
    cast(id as {{ dbt.type_string() }}) as collection_id,
    cast(name as {{ dbt.type_string() }}) as collection_name,
    cast("vendorId" as {{ dbt.type_string() }}) as vendor_id,
    cast(priority as integer) as priority
from source
