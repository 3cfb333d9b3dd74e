{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{
        source_rows(
            source('raw_procurement', 'Item'),
            required={'id': 'integer', 'name': 'text', 'vendorId': 'integer'},
            optional={'category': 'text', 'unit': 'text'},
        )
    }}
)

select
    id as item_id,
    name as item_name,
    vendor_id,
    category,
    unit
from source
