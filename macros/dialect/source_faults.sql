{#-
    What is wrong with the rows of one application's table, each value by itself: one row per row and check that found
    something, with the columns

    source_table, column_name, check_id
    row_key         the row's key as text; null where it has none
    found_value     the value as text
    row_count       1
    kept_out_count  1 for the first reason why staging leaves the row out, else 0

-#}
{% macro source_faults(source_name, table_name) %}
    {%- set relation = source(source_name, table_name) -%}
    {%- if not execute -%}
        select * from {{ relation }}
    {%- else -%}
        {{- adapter.dispatch('source_faults', 'fieldlab')(relation, source_name, table_name) -}}
    {%- endif -%}
{% endmacro %}

{% macro default__source_faults(relation, source_name, table_name) %}
    {%- set contract = source_contract(source_name, table_name) -%}
    {%- set found = source_columns(relation) -%}
    {%- set keys = contract | selectattr('is_key') | map(attribute='name') | list -%}
    {%- set key = 'cast(present."' ~ keys[0] ~ '" as ' ~ dbt.type_string() ~ ')' -%}
    {%- set checks = [] -%}
    {%- if found is not none -%}
        {%- for column in contract -%}
            {%- for check in source_checks_needed(column, found) -%}
                {%- do checks.append(dict(check, column=column.name)) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}

    select
        cast('{{ table_name }}' as {{ dbt.type_string() }}) as source_table,
        cast(null as {{ dbt.type_string() }}) as column_name,
        cast(null as {{ dbt.type_string() }}) as check_id,
        cast(null as {{ dbt.type_string() }}) as row_key,
        cast(null as {{ dbt.type_string() }}) as found_value,
        cast(null as bigint) as row_count,
        cast(null as bigint) as kept_out_count
    where false
    {%- if checks %}
    union all
    {{ adapter.dispatch('value_faults', 'fieldlab')(relation, table_name, contract, keys, key, checks) }}
    {%- endif %}
    {%- if found is not none and not (keys | length == 1 and found[keys[0]].unique) %}
    union all
    select
        '{{ table_name }}',
        '{{ keys[0] }}',
        'duplicate_key',
        repeated.row_key,
        repeated.row_key,
        1,
        1
    from (
        select
            {{ key }} as row_key,
            row_number() over (partition by {{ source_names(keys) }} order by {{ source_order(contract) }}) as place
        {{ source_present(relation, contract, keys) }}
        {{ source_usable(contract, found) }}
    ) as repeated
    where repeated.place > 1
    {%- endif %}
    {%- for column in contract if column.references and column.name in (found or {}) and not found[column.name].references %}
    {%- set parent = source(source_name, column.references) -%}
    {%- set parents = source_columns(parent) or {} -%}
    {%- if 'id' in parents %}
    {%- set is_same_type = parents['id'].type == found[column.name].type %}
    union all
    select
        '{{ table_name }}',
        '{{ column.name }}',
        'orphan',
        {{ key }},
        cast(present."{{ column.name }}" as {{ dbt.type_string() }}),
        1,
        0
    {{ source_present(relation, contract, keys) }}
    where
        present."{{ column.name }}" is not null
        and not exists (
            select 1
            from {{ parent }} as parent
            where
                {%- if is_same_type %}
                parent.id = present."{{ column.name }}"
                {%- else %}
                cast(parent.id as {{ dbt.type_string() }}) = cast(present."{{ column.name }}" as {{ dbt.type_string() }})
                {%- endif %}
        )
    {%- endif %}
    {%- endfor %}
{% endmacro %}

{#- One pass over the table looks for rows with any fault; only those are looked at check by check. -#}
{% macro postgres__value_faults(relation, table_name, contract, keys, key, checks) %}
    select
        '{{ table_name }}',
        faults.column_name,
        faults.check_id,
        {{ key }},
        faults.value,
        1,
        case when faults.keeps_row_out and faults.place = 1 then 1 else 0 end
    {{ source_present(relation, contract, keys) }}
    cross join lateral (
        select
            checks.*,
            row_number() over (partition by checks.keeps_row_out order by checks.place_of_check) as place
        from (
            values
            {%- for check in checks %}
            (
                {{ loop.index }}, '{{ check.column }}', '{{ check.check_id }}', cast(present."{{ check.column }}" as {{ dbt.type_string() }}),
                {{ check.fails }}, {{ check.keeps_row_out | lower }}
            ){{ ',' if not loop.last }}
            {%- endfor %}
        ) as checks (place_of_check, column_name, check_id, value, fails, keeps_row_out)
        where checks.fails
    ) as faults
    where
        {%- for check in checks %}
        {{ 'or ' if not loop.first }}({{ check.fails }})
        {%- endfor %}
{% endmacro %}

{#- One pass for each check. -#}
{% macro default__value_faults(relation, table_name, contract, keys, key, checks) %}
    {%- set earlier = [] -%}
    {%- for check in checks %}
    select
        '{{ table_name }}',
        '{{ check.column }}',
        '{{ check.check_id }}',
        {{ key }},
        cast(present."{{ check.column }}" as {{ dbt.type_string() }}),
        1,
        {% if check.keeps_row_out -%}
            case when {{ (['false'] + earlier) | join(' or ') }} then 0 else 1 end
            {%- do earlier.append('coalesce(' ~ check.fails ~ ', false)') -%}
        {%- else -%}
            0
        {%- endif %}
    {{ source_present(relation, contract, keys) }}
    where {{ check.fails }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{% endmacro %}
