{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{
        source_rows(
            source('raw_alignment', 'DisplayRecord'),
            required={
                'id': 'text',
                'dealerId': 'text',
                'productId': 'text',
                'displayOrderDate': 'timestamp',
                'sourceMarket': 'text',
                'newToDealer': 'boolean',
            },
        )
    }}
)

select
    id as display_id,
    dealer_id,
    product_id,
    display_order_date as ordered_at,
    source_market,
    new_to_dealer
from source
