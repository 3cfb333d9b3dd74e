{#- The date of a UTC timestamp in the business time zone (var `timezone`). -#}
{% macro business_date(utc_timestamp) %}
    {%- if var('timezone', 'UTC') == 'UTC' -%}
        cast({{ utc_timestamp }} as date)
    {%- else -%}
        cast({{ in_time_zone(utc_timestamp, var('timezone')) }} as date)
    {%- endif -%}
{% endmacro %}
