{#-
    What a snapshot is to see: the rows as they are as of the as-of date; or, when its history reaches beyond that date,
    the versions that hold in it, so that nothing changes.

    rows       name of a CTE or relation
    history    name of the snapshot that reads this; looked up rather than referred to, which would be a circle
    columns    the columns to keep
-#}
{% macro rows_for_history(rows, history, columns) %}
    {%- set found = none -%}
    {%- if execute -%}
        {%- set found = adapter.get_relation(target.database, generate_schema_name('snapshots', none), history) -%}
    {%- endif -%}
    select
        {{ columns | join(',\n        ') }},
        {{ as_of() }} as last_seen_on
    from {{ rows }}
    {%- if found is not none %}
    where not {{ has_newer_history(found) }}
    union all
    select
        {{ columns | join(',\n        ') }},
        last_seen_on
    from {{ found }}
    where
        dbt_valid_to is null
        and {{ has_newer_history(found) }}
    {%- endif %}
{% endmacro %}
