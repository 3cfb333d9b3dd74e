{#- A source's date or time value as a UTC timestamp without zone. A value without zone is UTC already; one with
    a zone is converted, whatever the session's time zone: PostgreSQL gives the untyped text the value's own type. -#}
{% macro utc_timestamp(value) %}
    {{- return(adapter.dispatch('utc_timestamp', 'fieldlab')(value)) -}}
{% endmacro %}

{% macro postgres__utc_timestamp(value) %}
    {{- "(timestamp '1970-01-01' + ((" ~ value ~ " + interval '0') - '1970-01-01 00:00:00+00'))" -}}
{% endmacro %}

{% macro duckdb__utc_timestamp(value) %}
    {{- "cast(cast(" ~ value ~ " as timestamp with time zone) at time zone 'UTC' as timestamp)" -}}
{% endmacro %}

{% macro spark__utc_timestamp(value) %}
    {{- 'cast(' ~ value ~ ' as timestamp)' -}}
{% endmacro %}
