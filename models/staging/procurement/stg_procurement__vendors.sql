{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_procurement', 'Vendor') }}
)

select
    cast(id as integer) as vendor_id,
    cast(name as text) as vendor_name,
    cast("taxId" as text) as tax_id
from source
