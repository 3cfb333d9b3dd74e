with history as (
    select * from {{ ref('item_price_history') }}
),

prices_now as (
    select *
    from history
    where as_of = {{ as_of() }}
),

prices_30_days_ago as (
    select *
    from history
    where as_of = {{ history_date('history', days_ago=30) }}
),

prices_90_days_ago as (
    select *
    from history
    where as_of = {{ history_date('history', days_ago=90) }}
),

compared as (
    select
        prices_now.item_id,
        prices_now.item_name,
        prices_now.vendor_id,
        prices_now.vendor_name,
        prices_now.newest_purchase_date,
        prices_now.newest_price,
        prices_now.mean_price,
        prices_30_days_ago.mean_price as mean_price_30_days_ago,
        prices_90_days_ago.mean_price as mean_price_90_days_ago,
        prices_now.line_count,
        prices_30_days_ago.line_count as line_count_30_days_ago,
        -- mean now / mean then = (amount now / quantity now) / (amount then / quantity then) = later / earlier
        prices_now.total_amount * prices_30_days_ago.quantity as later_30_days,
        prices_30_days_ago.total_amount * prices_now.quantity as earlier_30_days,
        prices_now.total_amount * prices_90_days_ago.quantity as later_90_days,
        prices_90_days_ago.total_amount * prices_now.quantity as earlier_90_days
    from prices_now
    left join prices_30_days_ago on prices_now.price_key = prices_30_days_ago.price_key
    left join prices_90_days_ago on prices_now.price_key = prices_90_days_ago.price_key
),

movements as (
    select
        item_id,
        item_name,
        vendor_id,
        vendor_name,
        newest_purchase_date,
        newest_price,
        mean_price,
        mean_price_30_days_ago,
        mean_price_90_days_ago,
        {{ ratio('100 * (later_30_days - earlier_30_days)', 'earlier_30_days') }} as change_30_days_pct,
        {{ ratio('100 * (later_90_days - earlier_90_days)', 'earlier_90_days') }} as change_90_days_pct,
        line_count,
        line_count_30_days_ago,
        case
            when line_count_30_days_ago is null then null
            when least(line_count, line_count_30_days_ago) < {{ var('price_movement_min_lines') }} then null
            -- later / earlier >= 1 + threshold, without the division
            when later_30_days >= (1 + {{ var('price_movement_min_change') }}) * earlier_30_days then 'RISING'
            when later_30_days <= (1 - {{ var('price_movement_min_change') }}) * earlier_30_days then 'FALLING'
            else 'STABLE'
        end as movement,
        {{ run_columns() }}
    from compared
)

select * from movements
