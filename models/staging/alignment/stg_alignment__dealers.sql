{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{
        source_rows(
            source('raw_alignment', 'Dealer'),
            required={'id': 'text', 'name': 'text', 'region': 'text', 'dealerType': 'text'},
        )
    }}
)

select
    id as dealer_id,
    name as dealer_name,
    region,
    dealer_type
from source
