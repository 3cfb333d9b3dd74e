{#- A UTC timestamp without zone as local time in a named zone, again without zone. -#}
{% macro in_time_zone(utc_timestamp, zone) %}
    {{- return(adapter.dispatch('in_time_zone', 'fieldlab')(utc_timestamp, zone)) -}}
{% endmacro %}

{% macro postgres__in_time_zone(utc_timestamp, zone) %}
    {{- utc_timestamp }} at time zone 'UTC' at time zone '{{ zone }}'
{%- endmacro %}

{% macro duckdb__in_time_zone(utc_timestamp, zone) %}
    {{- utc_timestamp ~ " at time zone 'UTC' at time zone '" ~ zone ~ "'" -}}
{% endmacro %}

{% macro spark__in_time_zone(utc_timestamp, zone) %}
    {{- "from_utc_timestamp(" ~ utc_timestamp ~ ", '" ~ zone ~ "')" -}}
{% endmacro %}
