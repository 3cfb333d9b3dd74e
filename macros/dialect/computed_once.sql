{#- What follows the name of a CTE that is computed by itself and once, also where the planner would rather take it apart. -#}
{% macro computed_once() %}
    {{- return(adapter.dispatch('computed_once', 'fieldlab')()) -}}
{% endmacro %}

{% macro default__computed_once() %}as materialized{% endmacro %}
