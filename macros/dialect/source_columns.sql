{#-
    What the database says of an application's table: none where there is no such table, else each column's name with

    type        the name of its type, such as int4; of a domain's the type below it
    not_null    whether it cannot be null
    unique      whether it alone is unique
    references  whether a foreign key holds that what it refers to exists

    Asked of the catalog. dbt's cache of relations is filled table by table while other threads already read it, and
    the catalog also answers where the schema may not be used, so that the query then says so rather than finding nothing.
-#}
{% macro source_columns(relation) %}
    {{- return(adapter.dispatch('source_columns', 'fieldlab')(relation)) -}}
{% endmacro %}

{% macro postgres__source_columns(relation) %}
    {%- set query -%}
        select
            columns.attname,
            coalesce(below.typname, types.typname),
            columns.attnotnull,
            exists (
                select 1
                from pg_catalog.pg_index as indexes
                where
                    indexes.indrelid = tables.oid
                    and indexes.indisunique
                    and indexes.indisvalid
                    and indexes.indpred is null
                    and indexes.indnkeyatts = 1
                    and indexes.indkey[0] = columns.attnum
            ),
            exists (
                select 1
                from pg_catalog.pg_constraint as keys
                where
                    keys.conrelid = tables.oid
                    and keys.contype = 'f'
                    and keys.convalidated
                    and keys.conkey = array[columns.attnum]
            )
        from pg_catalog.pg_class as tables
        inner join pg_catalog.pg_namespace as schemas on tables.relnamespace = schemas.oid
        inner join pg_catalog.pg_attribute as columns on tables.oid = columns.attrelid
        inner join pg_catalog.pg_type as types on columns.atttypid = types.oid
        left join pg_catalog.pg_type as below on types.typbasetype = below.oid
        where
            schemas.nspname = {{ dbt.string_literal(dbt.escape_single_quotes(relation.schema)) }}
            and tables.relname = {{ dbt.string_literal(dbt.escape_single_quotes(relation.identifier)) }}
            and tables.relkind in ('r', 'v', 'm', 'f', 'p')
            and columns.attnum > 0
            and not columns.attisdropped
    {%- endset -%}
    {%- set columns = {} -%}
    {%- for name, type, not_null, unique, references in run_query(query).rows -%}
        {%- do columns.update({
            name: {'type': type, 'not_null': not_null, 'unique': unique, 'references': references}
        }) -%}
    {%- endfor -%}
    {{- return(columns or none) -}}
{% endmacro %}

{% macro duckdb__source_columns(relation) %}
    {%- set query -%}
        select column_name, data_type, not is_nullable
        from duckdb_columns()
        where
            database_name = {{ dbt.string_literal(dbt.escape_single_quotes(relation.database)) }}
            and schema_name = {{ dbt.string_literal(dbt.escape_single_quotes(relation.schema)) }}
            and table_name = {{ dbt.string_literal(dbt.escape_single_quotes(relation.identifier)) }}
    {%- endset -%}
    {%- set columns = {} -%}
    {%- for name, type, not_null in run_query(query).rows -%}
        {%- do columns.update({name: plain_column(type, not_null)}) -%}
    {%- endfor -%}
    {{- return(columns or none) -}}
{% endmacro %}

{% macro spark__source_columns(relation) %}
    {%- set columns = {} -%}
    {%- if run_query("show schemas like '" ~ relation.schema ~ "'").rows
        and run_query('show tables in ' ~ relation.schema ~ " like '" ~ relation.identifier ~ "'").rows -%}
        {%- for name, type, _ in run_query('describe table ' ~ relation).rows if name and not name.startswith('#') -%}
            {%- do columns.update({name: plain_column(type, false)}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(columns or none) -}}
{% endmacro %}

{#- A column of which the engine knows the type alone: no key and no reference is held by it. -#}
{% macro plain_column(type, not_null) %}
    {%- set names = {
        'smallint': 'int2', 'int': 'int4', 'integer': 'int4', 'bigint': 'int8', 'decimal': 'numeric', 'float': 'float4',
        'double': 'float8', 'boolean': 'bool', 'timestamp with time zone': 'timestamptz', 'varchar': 'text', 'string': 'text',
    } -%}
    {%- set name = (type | lower).split('(')[0] -%}
    {{- return({'type': names.get(name, name), 'not_null': not_null, 'unique': false, 'references': false}) -}}
{% endmacro %}
