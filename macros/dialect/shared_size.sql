{#- How many members two sets made by `set_of` have in common. -#}
{% macro shared_size(members, other_members) %}
    {{- return(adapter.dispatch('shared_size', 'fieldlab')(members, other_members)) -}}
{% endmacro %}

{% macro postgres__shared_size(members, other_members) %}
    {{- "bit_count(" ~ members ~ " & " ~ other_members ~ ")" -}}
{% endmacro %}

{% macro duckdb__shared_size(members, other_members) %}
    {{- "bit_count(" ~ members ~ " & " ~ other_members ~ ")" -}}
{% endmacro %}

{% macro spark__shared_size(members, other_members) %}
    {{- "size(array_intersect(" ~ members ~ ", " ~ other_members ~ "))" -}}
{% endmacro %}
