{#- The number (as by month_number) of the newest month that is over; the as-of month when the as-of date is its last day. -#}
{% macro last_full_month() %}
    {{- "(" ~ month_number(dbt.dateadd('day', 1, as_of())) ~ " - 1)" -}}
{% endmacro %}
