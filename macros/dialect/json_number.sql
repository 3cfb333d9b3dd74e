{#- An exact number as JSON should show it: 12.5, not 12.500000000000. -#}
{% macro json_number(value) %}
    {{- return(adapter.dispatch('json_number', 'fieldlab')(value)) -}}
{% endmacro %}

{% macro default__json_number(value) %}
    {{- "trim_scale(cast(" ~ value ~ " as numeric))" -}}
{% endmacro %}
