{#- The square root of an exact number, right to 30 decimals whatever its size. -#}
{% macro square_root(value) %}
    {{- return(adapter.dispatch('square_root', 'fieldlab')(value)) -}}
{% endmacro %}

{#- A root has as many decimals as its argument, but without more than it needs for 16 digits. -#}
{% macro postgres__square_root(value) %}
    {{- "sqrt(round(cast(" ~ value ~ " as numeric), 30))" -}}
{% endmacro %}

{#- A double's root, made right by a step of Newton's in exact numbers. -#}
{% macro duckdb__square_root(value) %}
    {%- set x = 'cast(' ~ value ~ ' as decimal(38, 16))' -%}
    {%- set root = 'cast(sqrt(cast(' ~ x ~ ' as double)) as decimal(38, 8))' -%}
    (cast({{ root }} as decimal(38, 20)) + coalesce(cast(
        cast({{ x }} - {{ root }} * {{ root }} as double) / nullif(cast(2 * {{ root }} as double), 0)
    as decimal(38, 20)), 0))
{% endmacro %}

{#- As on DuckDB. -#}
{% macro spark__square_root(value) %}
    {{- duckdb__square_root(value) -}}
{% endmacro %}
