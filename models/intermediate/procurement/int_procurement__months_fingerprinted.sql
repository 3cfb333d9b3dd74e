{#- Raise it when the SQL of int_procurement__paired_months_summed changes what its rows say. -#}
{% set formula_version = 1 %}

with branch_days as (
    select * from {{ ref('int_procurement__branch_days_totalled') }}
),

items as (
    select * from {{ ref('stg_procurement__items') }}
),

months as (
    select
        {{ month_number('date') }} as month,
        sum(content_fingerprint) as lines_fingerprint
    from branch_days
    group by {{ month_number('date') }}
),

categories as (
    select sum({{ fingerprint(['item_id', 'category']) }}) as category_fingerprint
    from items
),

compared_months as (
    select
        months.month,
        months.lines_fingerprint,
        months_before.lines_fingerprint as month_before_fingerprint,
        years_before.lines_fingerprint as year_before_fingerprint,
        categories.category_fingerprint
    from months
    cross join categories
    left join months as months_before on months.month - 1 = months_before.month
    left join months as years_before on months.month - 12 = years_before.month
    where months.month <= {{ last_full_month() }}
),

months_fingerprinted as (
    select
        month,
        {{
            fingerprint([
                formula_version, 'lines_fingerprint', 'month_before_fingerprint', 'year_before_fingerprint',
                'category_fingerprint',
            ])
        }} as content_fingerprint
    from compared_months
)

select * from months_fingerprinted
