{{ config(materialized='ephemeral') }}

with item_prices as (
    select * from {{ ref('int_procurement__item_prices_averaged') }}
)

{{
    rows_for_history(
        'item_prices',
        'item_price_history',
        [
            'price_key',
            'item_id',
            'item_name',
            'vendor_id',
            'vendor_name',
            'newest_purchase_date',
            'newest_price',
            'mean_price',
            'total_amount',
            'quantity',
            'line_count',
        ],
    )
}}
