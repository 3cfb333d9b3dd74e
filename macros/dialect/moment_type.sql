{#- The type of a moment: a timestamp with its time zone. -#}
{% macro moment_type() %}
    {{- return(adapter.dispatch('moment_type', 'fieldlab')()) -}}
{% endmacro %}

{% macro default__moment_type() %}
    {{- 'timestamp with time zone' -}}
{% endmacro %}

{% macro spark__moment_type() %}
    {{- 'timestamp' -}}
{% endmacro %}
