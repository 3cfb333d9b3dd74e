{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_alignment', 'Collection') }}
)

select
    cast(id as text) as collection_id,
    cast(name as text) as collection_name,
    cast("vendorId" as text) as vendor_id,
    cast(priority as integer) as priority
from source
