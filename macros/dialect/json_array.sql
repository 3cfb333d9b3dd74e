{#- A group's JSON values as one JSON array, in the order of the columns given. -#}
{% macro json_array(value, order_by) %}
    {{- return(adapter.dispatch('json_array', 'fieldlab')(value, order_by)) -}}
{% endmacro %}

{% macro postgres__json_array(value, order_by) %}
    {{- "jsonb_agg(" ~ value ~ " order by " ~ (order_by | join(', ')) ~ ")" -}}
{% endmacro %}

{% macro duckdb__json_array(value, order_by) %}
    {{- "cast('[' || string_agg(cast(" ~ value ~ " as varchar), ',' order by " ~ order_by | join(', ') ~ ") || ']' as json)" -}}
{% endmacro %}

{% macro spark__json_array(value, order_by) %}
    {{- "concat('[', " ~ text_list(value, ',', order_by) ~ ", ']')" -}}
{% endmacro %}
