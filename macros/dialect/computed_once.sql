{#- What follows the name of a CTE that is computed by itself and once, also where the planner would rather take it apart. -#}
{% macro computed_once() %}
    {{- return(adapter.dispatch('computed_once', 'fieldlab')()) -}}
{% endmacro %}

{% macro postgres__computed_once() %}as materialized{% endmacro %}

{% macro duckdb__computed_once() %}as materialized{% endmacro %}

{#- Spark has no word for it. -#}
{% macro spark__computed_once() %}as{% endmacro %}
