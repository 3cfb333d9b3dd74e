{#- A mean, share or ratio as marts publish it: 12 decimals, rounded once. The denominator is positive. -#}
{% macro ratio(numerator, denominator) %}
    {{- "cast(" ~ rounded_quotient(numerator, denominator, 12) ~ " as numeric(38, 12))" -}}
{% endmacro %}
