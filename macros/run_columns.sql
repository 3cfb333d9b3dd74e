{#- The columns that end every mart: the date it is about, the moment its run began (one value per run) and the run. -#}
{% macro run_columns() %}
    {{- as_of() }} as as_of,
    cast('{{ run_started_at.isoformat() }}' as {{ moment_type() }}) as computed_at,
    cast({{ dbt.string_literal(dbt.escape_single_quotes(run_id())) }} as {{ dbt.type_string() }}) as run_id
{%- endmacro %}
