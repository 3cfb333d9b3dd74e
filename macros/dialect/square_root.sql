{#- The square root of an exact number, right to 30 decimals whatever its size. -#}
{% macro square_root(value) %}
    {{- return(adapter.dispatch('square_root', 'fieldlab')(value)) -}}
{% endmacro %}

{#- A root has as many decimals as its argument, but without more than it needs for 16 digits. -#}
{% macro default__square_root(value) %}
    {{- "sqrt(round(cast(" ~ value ~ " as numeric), 30))" -}}
{% endmacro %}
