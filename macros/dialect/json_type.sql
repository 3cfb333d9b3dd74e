{#- The type of JSON values. -#}
{% macro json_type() %}
    {{- return(adapter.dispatch('json_type', 'fieldlab')()) -}}
{% endmacro %}

{% macro postgres__json_type() %}
    {{- 'jsonb' -}}
{% endmacro %}

{% macro duckdb__json_type() %}
    {{- 'json' -}}
{% endmacro %}

{% macro spark__json_type() %}
    {{- 'string' -}}
{% endmacro %}
