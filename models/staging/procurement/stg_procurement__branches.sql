{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_procurement', 'Branch') }}
)

select
    cast(id as integer) as branch_id,
    cast(name as {{ dbt.type_string() }}) as branch_name
from source
