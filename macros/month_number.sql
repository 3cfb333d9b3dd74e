{#- A date's month as a whole number that grows by one from month to month; its remainder by 12 is 0 in January. -#}
{% macro month_number(date) %}
    {{- "cast(extract(year from " ~ date ~ ") * 12 + extract(month from " ~ date ~ ") - 1 as integer)" -}}
{% endmacro %}
