{#- A run-operation: the source tables are parquet files in `folder`/<schema>/<table>.parquet; each becomes a table. -#}
{% macro spark_sources(folder, tables) %}
    {%- for schema, names in tables.items() -%}
        {%- do run_query('create schema if not exists ' ~ schema) -%}
        {%- for name in names -%}
            {%- do run_query('drop table if exists ' ~ schema ~ '.' ~ name) -%}
            {%- do run_query(
                'create table ' ~ schema ~ '.' ~ name ~ " using parquet location '" ~ folder ~ '/' ~ schema ~ '/' ~ name ~ "'"
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
{% endmacro %}
