{{ config(materialized='ephemeral') }}

with dealer_influence as (
    select * from {{ ref('dealer_influence') }}
)

{{
    rows_for_history(
        'dealer_influence',
        'dealer_influence_history',
        [
            'vendor_id',
            'dealer_id',
            'dealer_name',
            'sales_volume_score',
            'display_breadth_score',
            'market_participation_score',
            'score',
            'influence_rank',
            'is_trendsetter',
        ],
    )
}}
