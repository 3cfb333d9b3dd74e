{#- Two values of an order are tested, each against all orders of the pattern and against the other ones. -#}
{% set measures = ['quantity', 'amount'] %}
{% set groups = ['all', 'other'] %}

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

recent_orders as (
    select *
    from orders
    where {{ within_last_days('order_date', var('anomaly_window_days')) }}
),

compared as (
    select
        {% for measure in measures %}
            patterns.order_{{ measure }}_sum as all_{{ measure }}_sum,
            patterns.order_{{ measure }}_square_sum as all_{{ measure }}_square_sum,
            patterns.order_{{ measure }}_sum - recent_orders.{{ measure }} as other_{{ measure }}_sum,
            patterns.order_{{ measure }}_square_sum - recent_orders.{{ measure }} * recent_orders.{{ measure }}
                as other_{{ measure }}_square_sum,
        {% endfor %}
        recent_orders.*,
        patterns.order_count as all_count,
        patterns.order_count - 1 as other_count,
        patterns.is_increasing
    from recent_orders
    inner join patterns
        on
            recent_orders.scope = patterns.scope
            and recent_orders.item_id = patterns.item_id
            and {{ same_key('recent_orders.branch_id', 'patterns.branch_id') }}
),

-- The distance to the mean and the squared standard deviation, times the number of orders and its square: without a
-- division a threshold that is met exactly stays exact.
measured as (
    select
        {% for measure in measures %}
            {% for group in groups %}
                {% set sum = group ~ '_' ~ measure ~ '_sum' %}
                {{ group }}_count * {{ measure }} - {{ sum }} as {{ group }}_{{ measure }}_distance,
                {{ group }}_count * {{ group }}_{{ measure }}_square_sum - {{ sum }} * {{ sum }}
                    as {{ group }}_{{ measure }}_spread_squared,
            {% endfor %}
        {% endfor %}
        *,
        other_count >= {{ var('anomaly_min_other_orders') }} as has_enough_others
    from compared
),

-- Among equal orders any difference would be huge: the others' spread is taken for a share of their mean at least.
floored as (
    select
        {% for measure in measures %}
            {% set least_spread = var('anomaly_min_spread_share') ~ ' * other_' ~ measure ~ '_sum' %}
            greatest(other_{{ measure }}_spread_squared, {{ least_spread }} * {{ least_spread }})
                as material_{{ measure }}_spread_squared,
        {% endfor %}
        *
    from measured
),

tested as (
    select
        {% for measure in measures %}
            all_{{ measure }}_distance * all_{{ measure }}_distance
            > {{ var('anomaly_sigma') }} * {{ var('anomaly_sigma') }} * all_{{ measure }}_spread_squared
                as is_sigma_{{ measure }}_outlier,
            has_enough_others
            and other_{{ measure }}_distance * other_{{ measure }}_distance
            > {{ var('anomaly_material_deviation') }} * {{ var('anomaly_material_deviation') }}
            * material_{{ measure }}_spread_squared as is_material_{{ measure }}_outlier,
            -- The side of the others' mean is also the side of all orders' mean.
            case
                when other_{{ measure }}_distance > 0 then 'above'
                when other_{{ measure }}_distance < 0 then 'below'
            end as {{ measure }}_direction,
        {% endfor %}
        *
    from floored
),

anomalies as (
    select
        *,
        is_sigma_quantity_outlier or is_sigma_amount_outlier as is_sigma_outlier,
        is_material_quantity_outlier or is_material_amount_outlier as is_material_outlier,
        is_sigma_quantity_outlier or is_material_quantity_outlier as is_quantity_anomaly
    from tested
    where
        is_sigma_quantity_outlier
        or is_sigma_amount_outlier
        or is_material_quantity_outlier
        or is_material_amount_outlier
)

select
    anomalies.scope,
    anomalies.item_id,
    items.item_name,
    anomalies.branch_id,
    case
        when anomalies.scope = 'branch' then {{ dimension_name('anomalies.branch_id', 'branches.branch_name') }}
    end as branch_name,
    anomalies.invoice_id,
    anomalies.order_date,
    {% for measure in measures %}
        anomalies.{{ measure }},
        {{ ratio('other_' ~ measure ~ '_sum', 'other_count') }} as expected_{{ measure }},
        cast(
            case
                when anomalies.all_{{ measure }}_spread_squared > 0
                    then {{
                        ratio('abs(all_' ~ measure ~ '_distance)', square_root('all_' ~ measure ~ '_spread_squared'))
                    }}
            end as numeric(38, 12)
        ) as {{ measure }}_deviation,
        cast(
            case
                when anomalies.has_enough_others
                    then {{
                        ratio(
                            'abs(other_' ~ measure ~ '_distance)',
                            square_root('material_' ~ measure ~ '_spread_squared'),
                        )
                    }}
            end as numeric(38, 12)
        ) as {{ measure }}_material_deviation,
        anomalies.{{ measure }}_direction,
        anomalies.is_sigma_{{ measure }}_outlier,
        anomalies.is_material_{{ measure }}_outlier,
        anomalies.other_{{ measure }}_sum,
    {% endfor %}
    anomalies.other_count as other_order_count,
    anomalies.is_sigma_outlier,
    anomalies.is_material_outlier,
    case when anomalies.is_quantity_anomaly then 'QUANTITY_ANOMALY' else 'AMOUNT_ANOMALY' end as anomaly_type,
    case
        when anomalies.is_quantity_anomaly then anomalies.quantity_direction
        else anomalies.amount_direction
    end as direction,
    anomalies.is_increasing,
    {{ run_columns() }}
from anomalies
left join items on anomalies.item_id = items.item_id
left join branches on anomalies.branch_id = branches.branch_id
