{{
    config(
        materialized='incremental',
        incremental_strategy=incremental_strategy('as_of_date'),
        unique_key='as_of',
        partition_by='as_of',
        full_refresh=false,
        on_schema_change='append_new_columns',
        indexes=[{'columns': ['as_of', 'collection_id'], 'unique': true}],
    )
}}

with collection_trends as (
    select * from {{ ref('collection_trends') }}
),

-- A trend computed as of another date is no part of this date's history.
trends_of_date as (
    select
        vendor_id,
        collection_id,
        collection_name,
        raw_trend,
        trend_base,
        normalized_trend,
        selection_count,
        selecting_dealer_count,
        display_count,
        carrying_dealer_count,
        trend_rank,
        {{ run_columns() }}
    from collection_trends
    where as_of = {{ as_of() }}
)

select * from trends_of_date
