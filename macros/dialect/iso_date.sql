{#- A date as text, YYYY-MM-DD, whatever the session's date style. -#}
{% macro iso_date(value) %}
    {{- return(adapter.dispatch('iso_date', 'fieldlab')(value)) -}}
{% endmacro %}

{% macro postgres__iso_date(value) %}
    {{- "to_char(" ~ value ~ ", 'YYYY-MM-DD')" -}}
{% endmacro %}

{% macro duckdb__iso_date(value) %}
    {{- "strftime(" ~ value ~ ", '%Y-%m-%d')" -}}
{% endmacro %}

{% macro spark__iso_date(value) %}
    {{- "date_format(" ~ value ~ ", 'yyyy-MM-dd')" -}}
{% endmacro %}
