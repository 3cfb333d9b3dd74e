{#- The two columns that end every mart: the date it is about and the moment its run began (one value per run). -#}
{% macro run_columns() %}
    {{- as_of() }} as as_of,
    cast('{{ run_started_at.isoformat() }}' as timestamp with time zone) as computed_at
{%- endmacro %}
