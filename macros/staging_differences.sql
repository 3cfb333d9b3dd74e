{#- The source tables whose number of rows is not that of their staging model. -#}
{% macro staging_differences(source_name, staging_models) %}
with counts as (
    {%- for source_table, staging_model in staging_models.items() %}
        select
            '{{ source_table }}' as source_table,
            {{ source_row_count(source(source_name, source_table)) }} as source_rows,
            (select count(*) from {{ ref(staging_model) }}) as staged_rows
        {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select *
from counts
where source_rows <> staged_rows
{% endmacro %}
