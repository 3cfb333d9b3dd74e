{#- How many rows an application's table has, as a SQL expression; 0 where there is no such table. -#}
{% macro source_row_count(relation) %}
    {%- if execute and source_columns(relation) is none -%}
        0
    {%- else -%}
        (select count(*) from {{ relation }})
    {%- endif -%}
{% endmacro %}
