{#- How many members a set made by `set_of` has. -#}
{% macro set_size(members) %}
    {{- return(adapter.dispatch('set_size', 'fieldlab')(members)) -}}
{% endmacro %}

{% macro postgres__set_size(members) %}
    {{- "bit_count(" ~ members ~ ")" -}}
{% endmacro %}

{% macro duckdb__set_size(members) %}
    {{- 'bit_count(' ~ members ~ ')' -}}
{% endmacro %}

{% macro spark__set_size(members) %}
    {{- 'size(' ~ members ~ ')' -}}
{% endmacro %}
