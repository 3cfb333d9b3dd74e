{{
    config(
        materialized='incremental',
        incremental_strategy=incremental_strategy('as_of_date'),
        unique_key='as_of',
        partition_by='as_of',
        full_refresh=false,
        on_schema_change='append_new_columns',
        indexes=[{'columns': ['as_of', 'vendor_id', 'dealer_id'], 'unique': true}],
    )
}}

with dealer_influence as (
    select * from {{ ref('dealer_influence') }}
),

dealer_alignment as (
    select * from {{ ref('dealer_alignment') }}
),

-- Scores computed as of another date are no part of this date's history.
scores_of_date as (
    select
        dealer_influence.vendor_id,
        dealer_influence.dealer_id,
        dealer_influence.dealer_name,
        dealer_influence.sales_volume_score,
        dealer_influence.display_breadth_score,
        dealer_influence.market_participation_score,
        dealer_influence.score,
        dealer_influence.influence_rank,
        dealer_influence.is_trendsetter,
        dealer_alignment.alignment_score,
        {{ run_columns() }}
    from dealer_influence
    inner join dealer_alignment
        on
            dealer_influence.vendor_id = dealer_alignment.vendor_id
            and dealer_influence.dealer_id = dealer_alignment.dealer_id
            and dealer_influence.as_of = dealer_alignment.as_of
    where dealer_influence.as_of = {{ as_of() }}
)

select * from scores_of_date
