{#- Whether a date is one of the last `days` dates, the as-of date being the last of them; without `days`, whether it
    is not after the as-of date. -#}
{% macro within_last_days(date_column, days=none) %}
    {%- if days is none -%}
        {{ date_column }} <= {{ as_of() }}
    {%- else -%}
        {{ date_column }} between cast({{ dbt.dateadd('day', '1 - ' ~ days, as_of()) }} as date) and {{ as_of() }}
    {%- endif -%}
{% endmacro %}
