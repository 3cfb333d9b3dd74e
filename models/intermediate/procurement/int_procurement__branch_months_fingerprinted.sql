{#- Raise it when the SQL of int_procurement__item_months_summed changes what its rows say. -#}
{% set formula_version = 1 %}

with branch_days as (
    select * from {{ ref('int_procurement__branch_days_totalled') }}
),

months as (
    select
        {{ month_number('date') }} as month,
        branch_id,
        sum(content_fingerprint) as day_fingerprints
    from branch_days
    group by {{ month_number('date') }}, branch_id
),

branch_months_fingerprinted as (
    select
        month,
        branch_id,
        {{
            fingerprint([formula_version, 'month', 'branch_id', 'cast(day_fingerprints as ' ~ dbt.type_string() ~ ')'])
        }} as content_fingerprint
    from months
)

select * from branch_months_fingerprinted
