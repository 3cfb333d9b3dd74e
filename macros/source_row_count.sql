{#- How many rows an application's table has, as a SQL expression; 0 where there is no such table. -#}
{% macro source_row_count(relation) %}
    {%- if execute and adapter.get_relation(relation.database, relation.schema, relation.identifier) is none -%}
        0
    {%- else -%}
        (select count(*) from {{ relation }})
    {%- endif -%}
{% endmacro %}
