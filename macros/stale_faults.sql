{#- The newest date of one table up to the as-of date, as a fault where it is long ago; `dates` as in date_faults(). -#}
{% macro stale_faults(dates, source_table) %}
    select
        source_table,
        column_name,
        'stale' as check_id,
        cast(null as {{ dbt.type_string() }}) as row_key,
        {{ iso_date('max(date)') }} as found_value,
        1 as row_count,
        0 as kept_out_count
    from {{ dates }}
    where
        source_table = '{{ source_table }}'
        and date <= {{ as_of() }}
    group by source_table, column_name
    having not ({{ within_last_days('max(date)', '(' ~ var('stale_after_days') ~ ' + 1)') }})
{% endmacro %}
