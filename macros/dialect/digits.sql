{#- A text's ASCII digits. -#}
{% macro digits(value) %}
    {{- return(adapter.dispatch('digits', 'fieldlab')(value)) -}}
{% endmacro %}

{% macro postgres__digits(value) %}
    {{- "regexp_replace(" ~ value ~ ", '[^0-9]', '', 'g')" -}}
{% endmacro %}

{% macro duckdb__digits(value) %}
    {{- "regexp_replace(" ~ value ~ ", '[^0-9]', '', 'g')" -}}
{% endmacro %}

{% macro spark__digits(value) %}
    {{- "regexp_replace(" ~ value ~ ", '[^0-9]', '')" -}}
{% endmacro %}
