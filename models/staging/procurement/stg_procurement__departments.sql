{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows(source('raw_procurement', 'Department'), {'id': 'integer', 'name': 'text'}) }}
)

select
    id as department_id,
    name as department_name
from source
