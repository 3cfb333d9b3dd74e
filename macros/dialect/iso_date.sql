{#- A date as text, YYYY-MM-DD, whatever the session's date style. -#}
{% macro iso_date(value) %}
    {{- return(adapter.dispatch('iso_date', 'fieldlab')(value)) -}}
{% endmacro %}

{% macro default__iso_date(value) %}
    {{- "to_char(" ~ value ~ ", 'YYYY-MM-DD')" -}}
{% endmacro %}
