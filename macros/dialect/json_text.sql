{#- The text of one key of a JSON object; null where the key is absent or null. -#}
{% macro json_text(object, key) %}
    {{- return(adapter.dispatch('json_text', 'fieldlab')(object, key)) -}}
{% endmacro %}

{% macro default__json_text(object, key) %}
    {{- "(" ~ object ~ " ->> '" ~ key ~ "')" -}}
{% endmacro %}
