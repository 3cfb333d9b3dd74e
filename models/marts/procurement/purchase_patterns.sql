{{ config(indexes=[{'columns': ['item_id']}]) }}

with patterns as (
    select * from {{ ref('int_procurement__patterns_measured') }}
),

seasonality as (
    select * from {{ ref('int_procurement__seasonality_measured') }}
),

items as (
    select * from {{ ref('stg_procurement__items') }}
),

branches as (
    select * from {{ ref('stg_procurement__branches') }}
),

vendors as (
    select * from {{ ref('stg_procurement__vendors') }}
),

joined as (
    select
        patterns.*,
        patterns.gap_count + 1 >= {{ var('cycle_min_dates') }} as has_cycle,
        items.item_name,
        case
            when patterns.scope = 'branch' then {{ dimension_name('patterns.branch_id', 'branches.branch_name') }}
        end as branch_name,
        {{ dimension_name('patterns.last_vendor_id', 'vendors.vendor_name') }} as last_vendor_name,
        seasonality.month_count,
        seasonality.quantity as seasonality_quantity,
        seasonality.within_share,
        seasonality.total_share,
        coalesce(seasonality.is_seasonal, false) as is_seasonal,
        seasonality.pattern,
        seasonality.next_month_quantity,
        seasonality.next_month_count
    from patterns
    left join seasonality
        on
            patterns.scope = seasonality.scope
            and patterns.item_id = seasonality.item_id
            and {{ same_key('patterns.branch_id', 'seasonality.branch_id') }}
    left join items on patterns.item_id = items.item_id
    left join branches on patterns.branch_id = branches.branch_id
    left join vendors on patterns.last_vendor_id = vendors.vendor_id
),

-- spread = n sd = sqrt(n Σx² - (Σx)²)
-- cycle = mean gap = Σ gaps / n, in whole days
derived as (
    select
        *,
        {{ square_root('order_count * order_quantity_square_sum - order_quantity_sum * order_quantity_sum') }}
            as quantity_spread,
        {{ square_root('order_count * order_amount_square_sum - order_amount_sum * order_amount_sum') }}
            as amount_spread,
        case
            when has_cycle then {{ square_root('gap_count * gap_square_sum - gap_sum * gap_sum') }}
        end as gap_spread,
        case when has_cycle then {{ rounded_quotient('gap_sum', 'gap_count') }} end as cycle_days
    from joined
),

-- confidence = max(0, 1 - sd of the gaps / mean gap) = max(0, 1 - spread of the gaps / Σ gaps)
-- strength = max(0, 1 - within-month variance / total variance)
purchase_patterns as (
    select
        scope,
        item_id,
        item_name,
        branch_id,
        branch_name,
        order_count,
        order_quantity_sum,
        order_amount_sum,
        {{ ratio('order_quantity_sum', 'order_count') }} as avg_order_quantity,
        {{ ratio('quantity_spread', 'order_count') }} as stddev_order_quantity,
        {{ ratio('order_amount_sum', 'order_count') }} as avg_order_amount,
        {{ ratio('amount_spread', 'order_count') }} as stddev_order_amount,
        is_increasing,
        is_decreasing,
        cast(
            case when has_cycle then {{ ratio('gap_sum', 'gap_count') }} end as numeric(38, 12)
        ) as avg_order_cycle_days,
        cast(
            case when has_cycle then greatest(0, 1 - {{ ratio('gap_spread', 'gap_sum') }}) else 0 end as numeric(38, 12)
        ) as confidence_score,
        last_order_date,
        cast({{ dbt.dateadd('day', 'cast(cycle_days as integer)', 'last_order_date') }} as date)
            as next_predicted_order_date,
        last_vendor_id,
        last_vendor_name,
        first_order_date,
        gap_count + 1 as order_date_count,
        gap_count,
        gap_sum,
        gap_square_sum,
        is_seasonal,
        cast(
            case
                when total_share > 0 then greatest(0, 1 - {{ ratio('within_share', 'total_share') }})
                when total_share = 0 then 0
            end as numeric(38, 12)
        ) as seasonality_strength,
        pattern as seasonality_pattern,
        month_count as seasonality_month_count,
        seasonality_quantity,
        next_month_quantity,
        next_month_count,
        cast({{ dbt.dateadd('day', 1 - var('pattern_window_days') | int, as_of()) }} as date) as analysis_start_date,
        {{ as_of() }} as analysis_end_date,
        {{ run_columns() }}
    from derived
)

select * from purchase_patterns
