{#- An aggregate: the union of a group's sets, made by `set_of`. -#}
{% macro union_of(members) %}
    {{- return(adapter.dispatch('union_of', 'fieldlab')(members)) -}}
{% endmacro %}

{% macro default__union_of(members) %}
    {{- "bit_or(" ~ members ~ ")" -}}
{% endmacro %}
