{#- A text's ASCII letters, in upper case, and digits; everything else is taken out, whatever the collation. -#}
{% macro letters_and_digits(value) %}
    {{- return(adapter.dispatch('letters_and_digits', 'fieldlab')(value)) -}}
{% endmacro %}

{% macro postgres__letters_and_digits(value) %}
    {{- "upper(regexp_replace(" ~ value ~ ", '[^A-Za-z0-9]', '', 'g') collate \"C\")" -}}
{% endmacro %}

{% macro duckdb__letters_and_digits(value) %}
    {{- "upper(regexp_replace(" ~ value ~ ", '[^A-Za-z0-9]', '', 'g'))" -}}
{% endmacro %}

{% macro spark__letters_and_digits(value) %}
    {{- "upper(regexp_replace(" ~ value ~ ", '[^A-Za-z0-9]', ''))" -}}
{% endmacro %}
