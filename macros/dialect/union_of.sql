{#- An aggregate: the union of a group's sets, made by `set_of`. -#}
{% macro union_of(members) %}
    {{- return(adapter.dispatch('union_of', 'fieldlab')(members)) -}}
{% endmacro %}

{% macro postgres__union_of(members) %}
    {{- "bit_or(" ~ members ~ ")" -}}
{% endmacro %}

{% macro duckdb__union_of(members) %}
    {{- 'bit_or(' ~ members ~ ')' -}}
{% endmacro %}

{% macro spark__union_of(members) %}
    {{- 'sort_array(array_distinct(flatten(collect_list(' ~ members ~ '))))' -}}
{% endmacro %}
