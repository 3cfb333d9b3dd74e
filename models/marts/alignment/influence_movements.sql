with history as (
    select * from {{ ref('dealer_influence_history') }}
),

influence_now as (
    select *
    from history
    where as_of = {{ as_of() }}
),

influence_30_days_ago as (
    select *
    from history
    where as_of = {{ history_date('history', days_ago=30) }}
),

influence_90_days_ago as (
    select *
    from history
    where as_of = {{ history_date('history', days_ago=90) }}
),

compared as (
    select
        influence_now.vendor_id,
        influence_now.dealer_id,
        influence_now.dealer_name,
        influence_now.score,
        influence_30_days_ago.score as score_30_days_ago,
        influence_90_days_ago.score as score_90_days_ago,
        influence_now.score - influence_30_days_ago.score as change_30_days,
        influence_now.score - influence_90_days_ago.score as change_90_days,
        influence_now.influence_rank,
        influence_30_days_ago.influence_rank as rank_30_days_ago,
        influence_now.is_trendsetter,
        influence_30_days_ago.is_trendsetter as was_trendsetter_30_days_ago
    from influence_now
    left join influence_30_days_ago
        on
            influence_now.vendor_id = influence_30_days_ago.vendor_id
            and influence_now.dealer_id = influence_30_days_ago.dealer_id
    left join influence_90_days_ago
        on
            influence_now.vendor_id = influence_90_days_ago.vendor_id
            and influence_now.dealer_id = influence_90_days_ago.dealer_id
),

movements as (
    select
        *,
        case
            when change_30_days is null then null
            when change_30_days >= {{ var('influence_movement_min_change') }} then 'RISING'
            when change_30_days <= -{{ var('influence_movement_min_change') }} then 'FALLING'
            else 'STABLE'
        end as movement,
        {{ run_columns() }}
    from compared
)

select * from movements
