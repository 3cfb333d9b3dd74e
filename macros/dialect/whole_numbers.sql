{#- The whole numbers from the first to the last as rows, for a join: `whole_numbers(1, 3) as numbers (number)`. -#}
{% macro whole_numbers(first, last) %}
    {{- return(adapter.dispatch('whole_numbers', 'fieldlab')(first, last)) -}}
{% endmacro %}

{% macro postgres__whole_numbers(first, last) %}
    {{- "generate_series(" ~ first ~ ", " ~ last ~ ")" -}}
{% endmacro %}

{% macro duckdb__whole_numbers(first, last) %}
    {{- "generate_series(" ~ first ~ ", " ~ last ~ ")" -}}
{% endmacro %}

{% macro spark__whole_numbers(first, last) %}
    {{- "(select explode(sequence(" ~ first ~ ", " ~ last ~ ")))" -}}
{% endmacro %}
