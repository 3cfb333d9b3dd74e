{#- A number as the type exact_type(): an error, never a rounded number, where it has more decimals than that. -#}
{% macro exact_number(value) %}
    {{- return(adapter.dispatch('exact_number', 'fieldlab')(value)) -}}
{% endmacro %}

{% macro postgres__exact_number(value) %}
    {{- 'cast(' ~ value ~ ' as numeric)' -}}
{% endmacro %}

{% macro duckdb__exact_number(value) %}
    {{- "case when cast(" ~ value ~ " as " ~ exact_type() ~ ") = " ~ value ~ " or " ~ value ~ " is null then cast(" ~ value ~ " as "
        ~ exact_type() ~ ") else cast(error('More than 4 decimals: ' || cast(" ~ value ~ " as varchar)) as " ~ exact_type() ~ ") end" -}}
{% endmacro %}

{% macro spark__exact_number(value) %}
    {{- "case when cast(" ~ value ~ " as " ~ exact_type() ~ ") = " ~ value ~ " or " ~ value ~ " is null then cast(" ~ value ~ " as "
        ~ exact_type() ~ ") else cast(raise_error(concat('More than 4 decimals: ', cast(" ~ value ~ " as string))) as " ~ exact_type() ~ ") end" -}}
{% endmacro %}
