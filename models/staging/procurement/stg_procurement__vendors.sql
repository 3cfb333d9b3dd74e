{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{
        source_rows(
            source('raw_procurement', 'Vendor'),
            required={'id': 'integer', 'name': 'text'},
            optional={'taxId': 'text'},
        )
    }}
)

select
    id as vendor_id,
    name as vendor_name,
    tax_id
from source
