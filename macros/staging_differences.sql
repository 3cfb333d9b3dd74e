{#- The source tables whose rows are not all accounted for: staged, or counted in source_quality as kept out. -#}
{% macro staging_differences(source_name, staging_models) %}
with source_quality as (
    select * from {{ ref('source_quality') }}
),

counts as (
    {%- for source_table, staging_model in staging_models.items() %}
        select
            '{{ source_table }}' as source_table,
            {{ source_row_count(source(source_name, source_table)) }} as source_rows,
            (select count(*) from {{ ref(staging_model) }}) as staged_rows,
            (
                select coalesce(sum(kept_out_count), 0)
                from source_quality
                where source_table = '{{ source_table }}'
            ) as kept_out_rows
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

differences as (
    select *
    from counts
    where source_rows <> staged_rows + kept_out_rows
)

select * from differences
{% endmacro %}
