{#- A group's texts as one text, in the order of the expressions given, smallest first. -#}
{% macro text_list(value, separator, order_by) %}
    {{- return(adapter.dispatch('text_list', 'fieldlab')(value, separator, order_by)) -}}
{% endmacro %}

{% macro postgres__text_list(value, separator, order_by) %}
    {{- "string_agg(" ~ value ~ ", '" ~ separator ~ "' order by " ~ order_by | join(', ') ~ ")" -}}
{% endmacro %}

{% macro duckdb__text_list(value, separator, order_by) %}
    {{- "string_agg(" ~ value ~ ", '" ~ separator ~ "' order by " ~ order_by | join(', ') ~ ")" -}}
{% endmacro %}

{% macro spark__text_list(value, separator, order_by) %}
    {{- "array_join(transform(array_sort(collect_list(struct(" ~ order_by | join(', ') ~ ", " ~ value
        ~ " as listed))), entry -> entry.listed), '" ~ separator ~ "')" -}}
{% endmacro %}
