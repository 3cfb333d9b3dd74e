{#-
    The periods whose spending is compared, each with the first and last date of the half that ends on the as-of date and
    of the half before it, as SQL: name -> (starts_on, ends_on, before_starts_on, before_ends_on).

    A quarter and a fiscal year are compared with the same dates of the year before (28 February for the 29th), a year
    with the 365 days before it.
-#}
{% macro spending_periods() %}
    {%- set quarter_start = days_ago(89) -%}
    {%- set months_into_year = "mod(cast(extract(month from " ~ as_of() ~ ") as integer) + 12 - "
        ~ var('fiscal_year_start_month') ~ ", 12)" -%}
    {#- A timestamp, so that the database works it out once: the month of a date would depend on its time zone. -#}
    {%- set month_start = dbt.date_trunc('month', 'cast(' ~ as_of() ~ ' as timestamp)') -%}
    {%- set fiscal_start = "cast(" ~ dbt.dateadd('month', "-1 * " ~ months_into_year, month_start) ~ " as date)" -%}
    {{- return({
        'quarter': (quarter_start, as_of(), year_before(quarter_start), year_before(as_of())),
        'year': (days_ago(364), as_of(), days_ago(729), days_ago(365)),
        'fiscal_year': (fiscal_start, as_of(), year_before(fiscal_start), year_before(as_of())),
    }) -}}
{% endmacro %}

{#- The same date a calendar year earlier; 28 February for the 29th. -#}
{% macro year_before(date) %}
    {{- "cast(" ~ dbt.dateadd('year', -1, date) ~ " as date)" -}}
{% endmacro %}
