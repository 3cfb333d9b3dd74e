{{ config(materialized='ephemeral') }}

with collection_trends as (
    select * from {{ ref('collection_trends') }}
)

{{
    rows_for_history(
        'collection_trends',
        'collection_trend_history',
        [
            'vendor_id',
            'collection_id',
            'collection_name',
            'raw_trend',
            'trend_base',
            'normalized_trend',
            'selection_count',
            'selecting_dealer_count',
            'display_count',
            'trend_rank',
        ],
    )
}}
