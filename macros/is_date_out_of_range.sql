{#- Whether a source's date can hardly be meant: long after the as-of date, or before there were such records. -#}
{% macro is_date_out_of_range(date) %}
    {{- date }} < cast('{{ var('earliest_plausible_date') }}' as date)
    or {{ date }} > cast({{ dbt.dateadd('day', var('latest_plausible_days'), as_of()) }} as date)
{%- endmacro %}
