{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows(source('raw_procurement', 'Vendor'), {'id': 'integer', 'name': 'text'}) }}
)

select
    id as vendor_id,
    name as vendor_name
from source
