{#- A text's ASCII digits. -#}
{% macro digits(value) %}
    {{- return(adapter.dispatch('digits', 'fieldlab')(value)) -}}
{% endmacro %}

{% macro default__digits(value) %}
    {{- "regexp_replace(" ~ value ~ ", '[^0-9]', '', 'g')" -}}
{% endmacro %}
