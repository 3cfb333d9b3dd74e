{% set min_share = var('anomaly_min_spread_share') %}

with orders as (
    select * from {{ ref('int_procurement__orders_scoped') }}
),

patterns as (
    select * from {{ ref('int_procurement__patterns_measured') }}
),

items as (
    select * from {{ ref('stg_procurement__items') }}
),

branches as (
    select * from {{ ref('stg_procurement__branches') }}
),

-- An order's quantity and its amount are tested, each against all orders of its pattern and against the other orders.
compared as (
    select
        orders.*,
        patterns.is_increasing,
        patterns.order_count,
        patterns.order_quantity_sum,
        patterns.order_quantity_square_sum,
        patterns.order_amount_sum,
        patterns.order_amount_square_sum,
        patterns.order_count - 1 as other_count,
        patterns.order_quantity_sum - orders.quantity as other_quantity_sum,
        patterns.order_quantity_square_sum - orders.quantity * orders.quantity as other_quantity_square_sum,
        patterns.order_amount_sum - orders.amount as other_amount_sum,
        patterns.order_amount_square_sum - orders.amount * orders.amount as other_amount_square_sum
    from orders
    inner join patterns
        on
            orders.scope = patterns.scope
            and orders.item_id = patterns.item_id
            and {{ same_key('orders.branch_id', 'patterns.branch_id') }}
    where {{ within_last_days('orders.order_date', var('anomaly_window_days')) }}
),

-- distance = n (x - mean)        = n x - Σx
-- spread_squared = n² sd²        = n Σx² - (Σx)²
-- Among equal orders any difference would be huge: the sd of the others counts as a share of their mean at least.
measured as (
    select
        *,
        order_count * quantity - order_quantity_sum as quantity_distance,
        order_count * order_quantity_square_sum - order_quantity_sum * order_quantity_sum as quantity_spread_squared,
        order_count * amount - order_amount_sum as amount_distance,
        order_count * order_amount_square_sum - order_amount_sum * order_amount_sum as amount_spread_squared,
        other_count * quantity - other_quantity_sum as other_quantity_distance,
        {{
            greatest_number(
                'other_count * other_quantity_square_sum - other_quantity_sum * other_quantity_sum',
                min_share ~ ' * other_quantity_sum * ' ~ min_share ~ ' * other_quantity_sum',
            )
        }} as other_quantity_spread_squared,
        other_count * amount - other_amount_sum as other_amount_distance,
        {{
            greatest_number(
                'other_count * other_amount_square_sum - other_amount_sum * other_amount_sum',
                min_share ~ ' * other_amount_sum * ' ~ min_share ~ ' * other_amount_sum',
            )
        }} as other_amount_spread_squared,
        other_count >= {{ var('anomaly_min_other_orders') }} as has_enough_others
    from compared
),

-- |x - mean| > 2 sd of all orders, or 3 sd of the others. Times n and squared.
tested as (
    select
        *,
        quantity_distance * quantity_distance
        > {{ var('anomaly_sigma') }} * {{ var('anomaly_sigma') }} * quantity_spread_squared
            as is_sigma_quantity_outlier,
        amount_distance * amount_distance
        > {{ var('anomaly_sigma') }} * {{ var('anomaly_sigma') }} * amount_spread_squared
            as is_sigma_amount_outlier,
        has_enough_others
        and other_quantity_distance * other_quantity_distance
        > {{ var('anomaly_material_deviation') }} * {{ var('anomaly_material_deviation') }}
        * other_quantity_spread_squared as is_material_quantity_outlier,
        has_enough_others
        and other_amount_distance * other_amount_distance
        > {{ var('anomaly_material_deviation') }} * {{ var('anomaly_material_deviation') }}
        * other_amount_spread_squared as is_material_amount_outlier
    from measured
),

classified as (
    select
        *,
        is_sigma_quantity_outlier or is_sigma_amount_outlier as is_sigma_outlier,
        is_material_quantity_outlier or is_material_amount_outlier as is_material_outlier,
        is_sigma_quantity_outlier or is_material_quantity_outlier as is_quantity_anomaly,
        -- The side of the others' mean is also the side of all orders' mean.
        case
            when other_quantity_distance > 0 then 'above'
            when other_quantity_distance < 0 then 'below'
        end as quantity_direction,
        case
            when other_amount_distance > 0 then 'above'
            when other_amount_distance < 0 then 'below'
        end as amount_direction
    from tested
),

-- Deviations are published as |x - mean| / sd; n cancels out.
anomalies as (
    select
        classified.scope,
        classified.item_id,
        items.item_name,
        classified.branch_id,
        case
            when classified.scope = 'branch' then {{ dimension_name('classified.branch_id', 'branches.branch_name') }}
        end as branch_name,
        classified.invoice_id,
        classified.order_date,
        classified.quantity,
        {{ ratio('classified.other_quantity_sum', 'classified.other_count') }} as expected_quantity,
        cast(
            case
                when classified.quantity_spread_squared > 0
                    then {{ ratio('abs(quantity_distance)', square_root('quantity_spread_squared')) }}
            end as numeric(38, 12)
        ) as quantity_deviation,
        cast(
            case
                when classified.has_enough_others
                    then {{ ratio('abs(other_quantity_distance)', square_root('other_quantity_spread_squared')) }}
            end as numeric(38, 12)
        ) as quantity_material_deviation,
        classified.quantity_direction,
        classified.is_sigma_quantity_outlier,
        classified.is_material_quantity_outlier,
        classified.other_quantity_sum,
        classified.amount,
        {{ ratio('classified.other_amount_sum', 'classified.other_count') }} as expected_amount,
        cast(
            case
                when classified.amount_spread_squared > 0
                    then {{ ratio('abs(amount_distance)', square_root('amount_spread_squared')) }}
            end as numeric(38, 12)
        ) as amount_deviation,
        cast(
            case
                when classified.has_enough_others
                    then {{ ratio('abs(other_amount_distance)', square_root('other_amount_spread_squared')) }}
            end as numeric(38, 12)
        ) as amount_material_deviation,
        classified.amount_direction,
        classified.is_sigma_amount_outlier,
        classified.is_material_amount_outlier,
        classified.other_amount_sum,
        classified.other_count as other_order_count,
        classified.is_sigma_outlier,
        classified.is_material_outlier,
        case when classified.is_quantity_anomaly then 'QUANTITY_ANOMALY' else 'AMOUNT_ANOMALY' end as anomaly_type,
        case
            when classified.is_quantity_anomaly then classified.quantity_direction
            else classified.amount_direction
        end as direction,
        classified.is_increasing,
        {{ run_columns() }}
    from classified
    left join items on classified.item_id = items.item_id
    left join branches on classified.branch_id = branches.branch_id
    where
        classified.is_sigma_outlier
        or classified.is_material_outlier
)

select * from anomalies
