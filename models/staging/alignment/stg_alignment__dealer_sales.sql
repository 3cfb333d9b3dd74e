{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{
        source_rows(
            source('raw_alignment', 'DealerSale'),
            required={
                'id': 'text',
                'dealerId': 'text',
                'productId': 'text',
                'soldAt': 'timestamp',
                'amount': 'numeric',
            },
        )
    }}
)

select
    id as sale_id,
    dealer_id,
    product_id,
    sold_at,
    amount
from source
