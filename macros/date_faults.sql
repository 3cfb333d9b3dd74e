{#- Dates that can hardly be meant, as faults of their tables; `dates` has source_table, column_name, row_key and date. -#}
{% macro date_faults(dates) %}
    select
        source_table,
        column_name,
        'date_out_of_range' as check_id,
        cast(row_key as {{ dbt.type_string() }}) as row_key,
        {{ iso_date('date') }} as found_value,
        1 as row_count,
        0 as kept_out_count
    from {{ dates }}
    where {{ is_date_out_of_range('date') }}
{% endmacro %}
