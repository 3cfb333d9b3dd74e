{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_procurement', 'CostCenter') }}
)

select
    cast(id as integer) as cost_center_id,
    cast(name as {{ dbt.type_string() }}) as cost_center_name
from source
