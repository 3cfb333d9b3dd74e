{#- An exact number as JSON should show it: 12.5, not 12.500000000000. -#}
{% macro json_number(value) %}
    {{- return(adapter.dispatch('json_number', 'fieldlab')(value)) -}}
{% endmacro %}

{% macro postgres__json_number(value) %}
    {{- "trim_scale(cast(" ~ value ~ " as numeric))" -}}
{% endmacro %}

{#- A text of digits, which stays exact; a JSON number of DuckDB's own is a double. -#}
{% macro duckdb__json_number(value) %}
    {%- set digits = "cast(cast(" ~ value ~ " as decimal(38, 12)) as varchar)" -%}
    {{- "cast(rtrim(rtrim(" ~ digits ~ ", '0'), '.') as json)" -}}
{% endmacro %}

{% macro spark__json_number(value) %}
    {%- set digits = "cast(cast(" ~ value ~ " as decimal(38, 12)) as string)" -%}
    {{- "concat(char(1), trim(trailing '.' from trim(trailing '0' from " ~ digits ~ ")))" -}}
{% endmacro %}
