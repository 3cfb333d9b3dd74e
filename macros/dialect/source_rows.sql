{#-
    A query over an application's table with the columns renamed to snake_case and cast.

    relation  what source() returns; call source() outside this macro, so that lineage sees it
    required  column name -> SQL type, columns that are always there
    optional  the same, columns the table may lack: null there

    An absent table gives no rows. Whether an optional column exists is left to SQL's name scoping: an unqualified
    name in the lateral subquery is the table's column, or else the outer typed null. Nothing is looked up for it,
    so a column that appears later is read without a new parse.
    Columns of type timestamp become UTC without zone, whatever date or time type the source has.
-#}
{% macro source_rows(relation, required, optional={}) %}
    {{- return(adapter.dispatch('source_rows', 'fieldlab')(relation, required, optional)) -}}
{% endmacro %}

{% macro default__source_rows(relation, required, optional) %}
    {%- set present = true -%}
    {%- if execute and not relation.is_cte -%}
        {%- set present = source_exists(relation) -%}
    {%- endif -%}
    {%- set columns = dict(required, **optional) -%}
    select
    {%- for name, type in columns.items() %}
        {% if not present -%}
            cast(null as {{ type }})
        {%- elif type == 'timestamp' -%}
            {{ utc_timestamp('present."' ~ name ~ '"') }}
        {%- else -%}
            cast(present."{{ name }}" as {{ type }})
        {%- endif %} as {{ snake_case(name) }}{{ ',' if not loop.last }}
    {%- endfor %}
    {%- if present %}
    from (
        select
        {%- for name, type in optional.items() %}
            cast(null as {{ type }}) as "{{ name }}"{{ ',' if not loop.last }}
        {%- endfor %}
    ) as absent
    cross join lateral (
        select
        {%- for name in columns %}
            "{{ name }}"{{ ',' if not loop.last }}
        {%- endfor %}
        from {{ relation }}
    ) as present
    {%- else %}
    where false
    {%- endif %}
{% endmacro %}
