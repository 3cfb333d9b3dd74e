{#- The larger of two exact numbers, neither null, with the decimals of both. -#}
{% macro greatest_number(first, second) %}
    {{- return(adapter.dispatch('greatest_number', 'fieldlab')(first, second)) -}}
{% endmacro %}

{% macro default__greatest_number(first, second) %}
    {{- "greatest(" ~ first ~ ", " ~ second ~ ")" -}}
{% endmacro %}

{#- DuckDB's own takes the fewer decimals of the two when both have 38 digits; a sum has the more. -#}
{% macro duckdb__greatest_number(first, second) %}
    {{- "greatest(" ~ first ~ " + 0 * (" ~ second ~ "), " ~ second ~ " + 0 * (" ~ first ~ "))" -}}
{% endmacro %}
