with history as (
    select * from {{ ref('collection_trend_history') }}
),

trends_now as (
    select *
    from history
    where as_of = {{ as_of() }}
),

trends_30_days_ago as (
    select *
    from history
    where as_of = {{ history_date('history', days_ago=30) }}
),

trends_90_days_ago as (
    select *
    from history
    where as_of = {{ history_date('history', days_ago=90) }}
),

compared as (
    select
        trends_now.vendor_id,
        trends_now.collection_id,
        trends_now.collection_name,
        trends_now.normalized_trend,
        trends_30_days_ago.normalized_trend as normalized_trend_30_days_ago,
        trends_90_days_ago.normalized_trend as normalized_trend_90_days_ago,
        trends_now.selection_count,
        -- raw now / base now - raw then / base then = change / base
        trends_now.raw_trend * trends_30_days_ago.trend_base
        - trends_30_days_ago.raw_trend * trends_now.trend_base as change_30_days,
        trends_now.trend_base * trends_30_days_ago.trend_base as base_30_days,
        trends_now.raw_trend * trends_90_days_ago.trend_base
        - trends_90_days_ago.raw_trend * trends_now.trend_base as change_90_days,
        trends_now.trend_base * trends_90_days_ago.trend_base as base_90_days
    from trends_now
    left join trends_30_days_ago on trends_now.collection_id = trends_30_days_ago.collection_id
    left join trends_90_days_ago on trends_now.collection_id = trends_90_days_ago.collection_id
),

movements as (
    select
        vendor_id,
        collection_id,
        collection_name,
        normalized_trend,
        normalized_trend_30_days_ago,
        normalized_trend_90_days_ago,
        {{ ratio('change_30_days', 'base_30_days') }} as change_30_days,
        {{ ratio('change_90_days', 'base_90_days') }} as change_90_days,
        selection_count,
        case
            when change_30_days is null then null
            when selection_count < {{ var('trend_movement_min_selections') }} then null
            -- change / base >= threshold, without the division
            when change_30_days >= {{ var('trend_movement_min_change') }} * base_30_days then 'RISING'
            when change_30_days <= -{{ var('trend_movement_min_change') }} * base_30_days then 'FALLING'
            else 'STABLE'
        end as movement,
        {{ run_columns() }}
    from compared
)

select * from movements
