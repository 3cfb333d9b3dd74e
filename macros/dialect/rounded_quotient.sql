{#- The quotient of two exact numbers, rounded half away from zero to `scale` decimals in one step.
    A database that first cuts a quotient that does not end (2/3) and then rounds it can round a half the wrong way;
    whole division cannot. The denominator is positive. -#}
{% macro rounded_quotient(numerator, denominator, scale=0) %}
    {{- return(adapter.dispatch('rounded_quotient', 'fieldlab')(numerator, denominator, scale)) -}}
{% endmacro %}

{% macro default__rounded_quotient(numerator, denominator, scale) %}
    {%- set doubled = "2e" ~ scale ~ " * (" ~ numerator ~ ")" -%}
    div({{ doubled }} + sign(cast({{ numerator }} as numeric)) * ({{ denominator }}), 2 * ({{ denominator }}))
    {%- if scale %} * 1e-{{ scale }}{% endif %}
{%- endmacro %}
