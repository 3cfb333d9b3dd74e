{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_procurement', 'Department') }}
)

select
    cast(id as integer) as department_id,
    cast(name as {{ dbt.type_string() }}) as department_name
from source
