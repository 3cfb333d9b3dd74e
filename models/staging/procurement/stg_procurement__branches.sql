{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows(source('raw_procurement', 'Branch'), {'id': 'integer', 'name': 'text'}) }}
)

select
    id as branch_id,
    name as branch_name
from source
