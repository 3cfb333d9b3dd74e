{#- A dimension's id as it is written into a hashed key: null is the word `null`. -#}
{% macro dimension_text(id) %}
    {{- "coalesce(cast(" ~ id ~ " as " ~ dbt.type_string() ~ "), 'null')" -}}
{% endmacro %}
