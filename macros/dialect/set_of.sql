{#- An aggregate: the set of the places (0 … size - 1) in a group, as a string of `size` bits. Sets are compared with
    `set_size` and `shared_size`. -#}
{% macro set_of(place, size) %}
    {{- return(adapter.dispatch('set_of', 'fieldlab')(place, size)) -}}
{% endmacro %}

{% macro postgres__set_of(place, size) %}
    {{- "bit_or(set_bit(cast(repeat('0', cast(" ~ size ~ " as integer)) as bit varying), cast(" ~ place ~ " as integer), 1))" -}}
{% endmacro %}

{% macro duckdb__set_of(place, size) %}
    {{- "bit_or(set_bit(cast(repeat('0', cast(" ~ size ~ " as integer)) as bit), cast(" ~ place ~ " as integer), 1))" -}}
{% endmacro %}

{#- A sorted array of places. -#}
{% macro spark__set_of(place, size) %}
    {{- "sort_array(collect_set(" ~ place ~ "))" -}}
{% endmacro %}
