{#- The objects of a JSON array as rows, for a lateral join. `columns` maps each key to its type, as the source contract names
    types. -#}
{% macro json_rows(value, columns) %}
    {{- return(adapter.dispatch('json_rows', 'fieldlab')(value, columns)) -}}
{% endmacro %}

{% macro postgres__json_rows(value, columns) %}
    (
        select *
        from jsonb_to_recordset({{ value }}) as entries (
            {%- for name, type in columns.items() %}{{ name }} {{ source_type(type) }}{{ ', ' if not loop.last }}{% endfor -%}
        )
    )
{%- endmacro %}

{% macro duckdb__json_rows(value, columns) %}
    {%- set types = {} -%}
    {%- for name, type in columns.items() %}{% do types.update({name: source_type(type)}) %}{% endfor -%}
    (select unnest(from_json({{ value }}, '[{{ tojson(types) }}]'), recursive := true))
{%- endmacro %}

{% macro spark__json_rows(value, columns) %}
    {%- set types = [] -%}
    {%- for name, type in columns.items() %}{% do types.append(name ~ ': ' ~ source_type(type)) %}{% endfor -%}
    (select inline(from_json({{ value }}, 'array<struct<{{ types | join(', ') }}>>')))
{%- endmacro %}
