{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_procurement', 'Vendor') }}
)

select
    cast(id as integer) as vendor_id,
    cast(name as {{ dbt.type_string() }}) as vendor_name,
    cast("taxId" as {{ dbt.type_string() }}) as tax_id
from source
