{#- A dimension's id as it stands in a hashed key: null is the word `null`. -#}
{% macro dimension_text(id) %}
    {{- "coalesce(cast(" ~ id ~ " as text), 'null')" -}}
{% endmacro %}
