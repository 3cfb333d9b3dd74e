{#- dbt's own raises an error where a date is null, as the first of a series has none before it. -#}
{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) %}
    {%- set months = {'month': 1, 'quarter': 3, 'year': 12}.get(datepart) -%}
    {%- if months -%}
        add_months({{ from_date_or_timestamp }}, cast(({{ interval }}) * {{ months }} as int))
    {%- else -%}
        date_add(cast({{ from_date_or_timestamp }} as date), cast(({{ interval }}) * {{ {'day': 1, 'week': 7}[datepart] }} as int))
    {%- endif -%}
{% endmacro %}
