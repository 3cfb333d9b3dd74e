{#- A group's JSON values as one JSON array, in the order of the columns given. -#}
{% macro json_array(value, order_by) %}
    {{- return(adapter.dispatch('json_array', 'fieldlab')(value, order_by)) -}}
{% endmacro %}

{% macro default__json_array(value, order_by) %}
    {{- "jsonb_agg(" ~ value ~ " order by " ~ (order_by | join(', ')) ~ ")" -}}
{% endmacro %}
