{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows(source('raw_procurement', 'CostCenter'), {'id': 'integer', 'name': 'text'}) }}
)

select
    id as cost_center_id,
    name as cost_center_name
from source
