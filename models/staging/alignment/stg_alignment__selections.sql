{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{
        source_rows(
            source('raw_alignment', 'Selection'),
            required={
                'id': 'text',
                'dealerId': 'text',
                'productId': 'text',
                'status': 'text',
                'source': 'text',
                'createdAt': 'timestamp',
            },
        )
    }}
)

select
    id as selection_id,
    dealer_id,
    product_id,
    status,
    source,
    created_at
from source
