{#- The first date of a month given as by month_number. -#}
{% macro month_date(month) %}
    {%- set months_off = month ~ " - " ~ month_number(as_of()) -%}
    {{- "cast(" ~ dbt.dateadd('month', "(" ~ months_off ~ ")", dbt.date_trunc('month', 'cast(' ~ as_of() ~ ' as timestamp)')) ~ " as date)" -}}
{% endmacro %}
