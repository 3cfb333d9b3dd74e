{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{
        source_rows(
            source('raw_alignment', 'Collection'),
            required={'id': 'text', 'name': 'text', 'vendorId': 'text', 'priority': 'integer'},
        )
    }}
)

select
    id as collection_id,
    name as collection_name,
    vendor_id,
    priority
from source
