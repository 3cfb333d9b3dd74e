{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_procurement', 'Branch') }}
)

select
    cast(id as integer) as branch_id,
    cast(name as text) as branch_name
from source
