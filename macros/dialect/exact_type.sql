{#- The type of exact numbers: money, prices, quantities. Where an engine's decimals end at 38 digits, 4 of them are decimals;
    what is cast to the type is checked by `exact_number` where it comes from a source. -#}
{% macro exact_type() %}
    {{- return(adapter.dispatch('exact_type', 'fieldlab')()) -}}
{% endmacro %}

{% macro postgres__exact_type() %}
    {{- 'numeric' -}}
{% endmacro %}

{% macro duckdb__exact_type() %}
    {{- 'decimal(38, 4)' -}}
{% endmacro %}

{% macro spark__exact_type() %}
    {{- 'decimal(38, 4)' -}}
{% endmacro %}
