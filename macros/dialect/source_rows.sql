{#-
    The usable rows of an application's table, with the application's column names, for staging to cast and rename.

    An absent table gives no rows and an absent optional column is null: the declared contract names the columns. Whether
    an optional column exists is left to SQL's name scoping: an unqualified name in the lateral subquery is the table's
    column, or else the outer typed null.

    Rows of an application's tables that cannot be used are left out, as the marts int_<domain>__source_faults count them:
    those with a value that keeps them out (source_checks), and of several rows with one key all but the smallest. In a
    column that may be null, a value that cannot be cast is null. What the database itself rules out is not asked again.
-#}
{% macro source_rows(source_name, table_name) %}
    {#- Called whether or not it is executed: lineage sees it. -#}
    {%- set relation = source(source_name, table_name) -%}
    {#- A unit test's rows have every column, and are of use. -#}
    {%- if not execute or relation.is_cte -%}
        select * from {{ relation }}
    {%- else -%}
        {{- adapter.dispatch('source_rows', 'fieldlab')(relation, source_contract(source_name, table_name)) -}}
    {%- endif -%}
{% endmacro %}

{% macro postgres__source_rows(relation, contract) %}
    {%- set found = source_columns(relation) -%}
    {%- if found is none -%}
    {{ no_source_rows(contract) }}
    {%- else -%}
    {%- set keys = contract | selectattr('is_key') | map(attribute='name') | list -%}
    {%- set may_repeat = keys and not (keys | length == 1 and found[keys[0]].unique) -%}
    select
    {%- if may_repeat %} distinct on ({{ source_names(keys) }}){% endif %}
    {%- for column in contract %}
        {{ source_value(column, found.get(column.name, {}).type) if keys else 'present."' ~ column.name ~ '"' }} as "{{ column.name }}"
        {{- ',' if not loop.last }}
    {%- endfor %}
    {{ source_present(relation, contract, keys) }}
    {{ source_usable(contract, found) if keys }}
    {%- if may_repeat %}
    order by {{ source_names(keys) }}, {{ source_order(contract) }}
    {%- endif %}
    {%- endif -%}
{% endmacro %}

{#- Without `distinct on`: of several rows with one key, the first. -#}
{% macro default__source_rows(relation, contract) %}
    {%- set found = source_columns(relation) -%}
    {%- if found is none -%}
    {{ no_source_rows(contract) }}
    {%- else -%}
    {%- set keys = contract | selectattr('is_key') | map(attribute='name') | list -%}
    select
    {%- for column in contract %}
        "{{ column.name }}"{{ ',' if not loop.last }}
    {%- endfor %}
    from (
        select
        {%- for column in contract %}
            {{ source_value(column, found.get(column.name, {}).type) if keys else 'present."' ~ column.name ~ '"' }} as "{{ column.name }}",
        {%- endfor %}
            {% if keys -%}
                row_number() over (partition by {{ source_names(keys) }} order by {{ source_order(contract) }})
            {%- else -%}
                1
            {%- endif %} as place
        {{ source_present(relation, contract, keys) }}
        {{ source_usable(contract, found) if keys }}
    ) as usable
    where place = 1
    {%- endif -%}
{% endmacro %}

{#- No rows, with the columns of a table that is absent. -#}
{% macro no_source_rows(contract) %}
    select
    {%- for column in contract %}
        cast(null as {{ source_type(column.type) }}) as "{{ column.name }}"{{ ',' if not loop.last }}
    {%- endfor %}
    where false
{% endmacro %}

{#- The from-clause: the table's columns under the name `present`, absent optional ones as typed nulls. In tables that
    are not an application's, which have no declared key, every column may be absent. -#}
{% macro source_present(relation, contract, keys) %}
    {{- adapter.dispatch('source_present', 'fieldlab')(relation, contract, keys) -}}
{% endmacro %}

{#- The columns are asked for by name, so no scoping is needed. -#}
{% macro default__source_present(relation, contract, keys) %}
    {%- set found = source_columns(relation) -%}
    from (
        select
        {%- for column in contract %}
            {{ '"' ~ column.name ~ '"' if column.name in found else 'cast(null as ' ~ source_type(column.type) ~ ') as "' ~ column.name ~ '"' }}
            {{- ',' if not loop.last }}
        {%- endfor %}
        from {{ relation }}
    ) as present
{%- endmacro %}

{% macro postgres__source_present(relation, contract, keys) %}
    from (
        select
        {%- for column in contract if column.optional or not keys %}
            cast(null as {{ source_type(column.type) }}) as "{{ column.name }}"{{ ',' if not loop.last }}
        {%- endfor %}
    ) as absent
    cross join lateral (
        select
        {%- for column in contract %}
            "{{ column.name }}"{{ ',' if not loop.last }}
        {%- endfor %}
        from {{ relation }}
    ) as present
{%- endmacro %}

{#- The where-clause that leaves out rows of no use; nothing where the database has none. -#}
{% macro source_usable(contract, found) %}
    {%- set conditions = [] -%}
    {%- for column in contract -%}
        {%- for check in source_checks_needed(column, found) if check.keeps_row_out -%}
            {%- do conditions.append('(' ~ check.fails ~ ') is not true') -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if conditions -%}
    where
        {{ conditions | join('\n        and ') }}
    {%- endif -%}
{% endmacro %}

{#- The checks of a column that exists, without what the database itself rules out. -#}
{% macro source_checks_needed(column, found) %}
    {%- set needed = [] -%}
    {%- if column.name in found -%}
        {%- set known = found[column.name] -%}
        {%- for check in source_checks(column, known.type) -%}
            {%- if not (check.check_id == 'missing_value' and known.not_null) -%}{% do needed.append(check) %}{%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(needed) -}}
{% endmacro %}

{% macro source_names(names) %}present."{{ names | join('", present."') }}"{% endmacro %}

{#- The order of rows with one key: every column as text, by code points. -#}
{% macro source_order(contract) %}
    {%- for column in contract -%}
        {{ by_code_points('cast(present."' ~ column.name ~ '" as ' ~ dbt.type_string() ~ ')') }} nulls last{{ ', ' if not loop.last }}
    {%- endfor -%}
{% endmacro %}
