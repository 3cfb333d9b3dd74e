{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_procurement', 'Item') }}
)

select
    cast(id as integer) as item_id,
    cast(name as {{ dbt.type_string() }}) as item_name,
    cast("vendorId" as integer) as vendor_id,
    cast(category as {{ dbt.type_string() }}) as category,
    cast(unit as {{ dbt.type_string() }}) as unit
from source
