{#- A JSON object of a row's values. `fields` maps each key to an expression. -#}
{% macro json_object(fields) %}
    {{- return(adapter.dispatch('json_object', 'fieldlab')(fields)) -}}
{% endmacro %}

{% macro postgres__json_object(fields) %}
    {%- set pairs = [] -%}
    {%- for key, value in fields.items() -%}
        {%- do pairs.append("'" ~ key ~ "', " ~ value) -%}
    {%- endfor -%}
    jsonb_build_object({{ pairs | join(', ') }})
{%- endmacro %}

{#- Put together as text, because json_object would read a number as a double. -#}
{% macro duckdb__json_object(fields) %}
    {%- set pairs = [] -%}
    {%- for key, value in fields.items() -%}
        {%- do pairs.append("'\"" ~ key ~ "\":' || coalesce(cast(to_json(" ~ value ~ ") as varchar), 'null')") -%}
    {%- endfor -%}
    cast('{' || {{ pairs | join(" || ',' || ") }} || '}' as json)
{% endmacro %}

{#- json_number marks a number with a first character that no text has; the mark and the quotes are taken off. -#}
{% macro spark__json_object(fields) %}
    {%- set pairs = [] -%}
    {%- for key, value in fields.items() -%}
        {%- do pairs.append("'" ~ key ~ "', " ~ value) -%}
    {%- endfor -%}
    regexp_replace(
        to_json(named_struct({{ pairs | join(', ') }}), map('ignoreNullFields', 'false')), '"\\\\u0001([-0-9.]+)"', '$1'
    )
{%- endmacro %}
