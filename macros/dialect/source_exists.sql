{#- Whether an application's table is there, asked of the database. dbt's cache of relations is filled table by table
    while other threads already read it: adapter.get_relation() can take a table for absent. The catalog also answers
    where the schema may not be used, so that the query then says so rather than finding nothing. -#}
{% macro source_exists(relation) %}
    {{- return(adapter.dispatch('source_exists', 'fieldlab')(relation)) -}}
{% endmacro %}

{% macro default__source_exists(relation) %}
    {%- set found = run_query(
        "select 1 from pg_catalog.pg_class as tables"
        ~ " inner join pg_catalog.pg_namespace as schemas on tables.relnamespace = schemas.oid"
        ~ " where schemas.nspname = " ~ dbt.string_literal(dbt.escape_single_quotes(relation.schema))
        ~ " and tables.relname = " ~ dbt.string_literal(dbt.escape_single_quotes(relation.identifier))
        ~ " and tables.relkind in ('r', 'v', 'm', 'f', 'p')"
    ) -%}
    {{- return(found | length > 0) -}}
{% endmacro %}
