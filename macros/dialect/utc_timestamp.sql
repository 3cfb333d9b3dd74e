{#- A source's date or time value as a UTC timestamp without zone. A value without zone is UTC already; one with
    a zone is converted, whatever the session's time zone. -#}
{% macro utc_timestamp(value) %}
    {{- return(adapter.dispatch('utc_timestamp', 'fieldlab')(value)) -}}
{% endmacro %}

{% macro default__utc_timestamp(value) %}
    {{- "(timestamp '1970-01-01' + extract(epoch from " ~ value ~ ") * interval '1 second')" -}}
{% endmacro %}
