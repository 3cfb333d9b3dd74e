{#- An empty row with a contract's columns and types, in place of dbt's own macro: that one warns of every bare
    `numeric`, which on other engines has a default scale and rounds. PostgreSQL's is exact at any scale. -#}
{% macro postgres__get_empty_schema_sql(columns) %}
    {%- set untyped = [] -%}
    select
    {%- for column in columns.values() %}
        {%- if column['data_type'] is not defined %}{% do untyped.append(column['name']) %}{% endif %}
        cast(null as {{ column['data_type'] }}) as {{ adapter.quote(column['name']) if column.get('quote') else column['name'] }}
        {{- ',' if not loop.last }}
    {%- endfor %}
    {%- if untyped %}{{ exceptions.column_type_missing(column_names=untyped) }}{% endif %}
{% endmacro %}
