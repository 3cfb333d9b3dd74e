{% set trend_orders = var('trend_orders') %}

with scoped_orders as (
    select * from {{ ref('int_procurement__orders_scoped') }}
),

placed_orders as (
    select
        *,
        count(*) over (partition by scope, item_id, branch_id) as order_count,
        row_number() over ordered as place,
        {{ dbt.datediff('lag(order_date) over ordered', 'order_date', 'day') }} as gap_days
    from scoped_orders
    window ordered as (partition by scope, item_id, branch_id order by order_date, invoice_id)
),

series as (
    select
        scope,
        item_id,
        branch_id,
        count(*) as order_count,
        sum(quantity) as order_quantity_sum,
        sum(quantity * quantity) as order_quantity_square_sum,
        sum(amount) as order_amount_sum,
        sum(amount * amount) as order_amount_square_sum,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date,
        max(vendor_id) filter (where place = order_count) as last_vendor_id,
        -- A second order on the same day leaves no gap.
        count(*) filter (where gap_days > 0) as gap_count,
        coalesce(sum(gap_days), 0) as gap_sum,
        coalesce(sum(gap_days * gap_days), 0) as gap_square_sum,
        least({{ trend_orders }}, count(*) - {{ trend_orders }}) as older_orders,
        sum(quantity) filter (where place > order_count - {{ trend_orders }}) as recent_quantity,
        sum(quantity) filter (where place <= least({{ trend_orders }}, order_count - {{ trend_orders }}))
            as older_quantity
    from placed_orders
    where order_count >= {{ var('pattern_min_orders') }}
    group by scope, item_id, branch_id
),

-- increasing: mean quantity of the recent orders > factor * mean quantity of the older ones; decreasing alike
-- Sums, not means: what is compared with a threshold is compared as products of exact numbers.
patterns_measured as (
    select
        scope,
        item_id,
        branch_id,
        order_count,
        order_quantity_sum,
        order_quantity_square_sum,
        order_amount_sum,
        order_amount_square_sum,
        first_order_date,
        last_order_date,
        last_vendor_id,
        gap_count,
        gap_sum,
        gap_square_sum,
        older_orders > 0
        and recent_quantity * older_orders > {{ var('trend_increase_factor') }} * {{ trend_orders }} * older_quantity
            as is_increasing,
        older_orders > 0
        and recent_quantity * older_orders < {{ var('trend_decrease_factor') }} * {{ trend_orders }} * older_quantity
            as is_decreasing
    from series
)

select * from patterns_measured
