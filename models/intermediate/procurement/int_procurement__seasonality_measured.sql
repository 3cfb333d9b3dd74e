{% set months_of_year = range(1, 13) %}
{% set last_month = month_number(dbt.dateadd('day', 1, as_of())) ~ ' - 1' %}
{% set earliest_month = last_month ~ ' - ' ~ var('seasonality_max_months') ~ ' + 1' %}
{% set next_month_of_year = 'mod(' ~ month_number(as_of()) ~ ' + 1, 12) + 1' %}

with network_patterns as (
    select * from {{ ref('int_procurement__patterns_measured') }}
    where scope = 'network'
),

branch_patterns as (
    select * from {{ ref('int_procurement__patterns_measured') }}
    where scope = 'branch'
),

item_months {{ computed_in_place() }} (
    select * from {{ ref('int_procurement__item_months_summed') }}
),

-- By branch and over the network, each from the stored sums: one is not worth keeping for the other.
branch_months as (
    select
        item_months.item_id,
        item_months.branch_id,
        item_months.month,
        sum(item_months.quantity) as quantity
    from item_months
    inner join branch_patterns
        on
            item_months.item_id = branch_patterns.item_id
            and {{ same_key('item_months.branch_id', 'branch_patterns.branch_id') }}
    group by item_months.item_id, item_months.branch_id, item_months.month
),

network_months as (
    select
        item_months.item_id,
        item_months.month,
        sum(item_months.quantity) as quantity
    from item_months
    inner join network_patterns on item_months.item_id = network_patterns.item_id
    group by item_months.item_id, item_months.month
),

scoped_months as (
    select
        'branch' as scope,
        item_id,
        branch_id,
        month,
        quantity
    from branch_months
    union all
    select
        'network' as scope,
        item_id,
        cast(null as integer) as branch_id,
        month,
        quantity
    from network_months
),

counted_months as (
    select
        *,
        mod(month, 12) + 1 as month_of_year,
        month between {{ earliest_month }} and {{ last_month }} as is_counted
    from scoped_months
),

series as (
    select
        {% for month in months_of_year %}
            coalesce(sum(quantity) filter (where is_counted and month_of_year = {{ month }}), 0)
                as quantity_{{ month }},
        {% endfor %}
        scope,
        item_id,
        branch_id,
        greatest(min(month), {{ earliest_month }}) as first_month,
        coalesce(sum(quantity) filter (where is_counted), 0) as quantity,
        coalesce(sum(quantity * quantity) filter (where is_counted), 0) as squared_quantity
    from counted_months
    group by scope, item_id, branch_id
),

spans as (
    select
        *,
        {{ last_month }} - first_month + 1 as month_count
    from series
),

-- How often each month of the year occurs among the counted ones.
occurrences as (
    select
        {% for month in months_of_year %}
            {{ whole_quotient('month_count + 11 - mod(' ~ month ~ ' + 11 - mod(first_month, 12), 12)', 12) }}
                as months_{{ month }},
        {% endfor %}
        *
    from spans
    where month_count >= {{ var('seasonality_min_months') }}
),

-- total squares = Σx² - (Σx)² / n
-- within squares = Σx² - Σ over months of the year (their sum² / their count)
-- Both times 60 n: 60 can be divided by any number of years up to six, so that no fraction is without an end.
squares as (
    select
        *,
        60 * (month_count * squared_quantity - quantity * quantity) as total_squares,
        month_count * (
            60 * squared_quantity
            {% for month in months_of_year %}
                - {{ whole_quotient(60, 'months_' ~ month) }} * quantity_{{ month }} * quantity_{{ month }}
            {% endfor %}
        ) as within_squares
    from occurrences
),

-- strength = max(0, 1 - within-month variance / total variance)
-- within-month variance = within squares / (n - 12), total variance = total squares / (n - 1)
-- Multiplied by both degrees of freedom, the quotient of the variances is within_share / total_share.
shares as (
    select
        *,
        within_squares * (month_count - 1) as within_share,
        total_squares * (month_count - 12) as total_share
    from squares
),

-- index of a month of the year = its mean quantity / the mean quantity of all months
-- seasonal: strength >= the minimum, without the division
seasonality_measured as (
    {% set indices = {} %}
    {% for month in months_of_year %}
        {% set index = rounded_quotient(
            'quantity_' ~ month ~ ' * month_count', 'months_' ~ month ~ ' * nullif(quantity, 0)', 12
        ) %}
        {% do indices.update({month: json_number(index)}) %}
    {% endfor %}

    select
        scope,
        item_id,
        branch_id,
        month_count,
        quantity,
        within_share,
        total_share,
        total_share > 0 and within_share <= (1 - {{ var('seasonality_min_strength') }}) * total_share as is_seasonal,
        {{ json_object(indices) }} as pattern,
        case {{ next_month_of_year }}
            {% for month in months_of_year %}
                when {{ month }} then quantity_{{ month }}
            {% endfor %}
        end as next_month_quantity,
        case {{ next_month_of_year }}
            {% for month in months_of_year %}
                when {{ month }} then months_{{ month }}
            {% endfor %}
        end as next_month_count
    from shares
)

select * from seasonality_measured
