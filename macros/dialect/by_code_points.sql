{#- A text as it is sorted and compared: by its characters' numbers, whatever the database's language. -#}
{% macro by_code_points(value) %}
    {{- return(adapter.dispatch('by_code_points', 'fieldlab')(value)) -}}
{% endmacro %}

{% macro postgres__by_code_points(value) %}
    {{- value ~ ' collate "C"' -}}
{% endmacro %}

{% macro duckdb__by_code_points(value) %}
    {{- value -}}
{% endmacro %}

{% macro spark__by_code_points(value) %}
    {{- value -}}
{% endmacro %}
