{#- What follows the name of a CTE of many rows that several others read: each of them reads the tables behind it by itself,
    with its own conditions, instead of one copy of everything. -#}
{% macro computed_in_place() %}
    {{- return(adapter.dispatch('computed_in_place', 'fieldlab')()) -}}
{% endmacro %}

{% macro postgres__computed_in_place() %}as not materialized{% endmacro %}

{% macro duckdb__computed_in_place() %}as not materialized{% endmacro %}

{#- Spark has no word for it, and does so anyway. -#}
{% macro spark__computed_in_place() %}as{% endmacro %}
