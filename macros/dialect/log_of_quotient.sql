{#- The natural logarithm of the quotient of two positive whole numbers, rounded to 12 decimals: the same everywhere,
    because it is computed to 30. -#}
{% macro log_of_quotient(numerator, denominator) %}
    {{- return(adapter.dispatch('log_of_quotient', 'fieldlab')(numerator, denominator)) -}}
{% endmacro %}

{% macro postgres__log_of_quotient(numerator, denominator) %}
    {{- "round(ln(round(cast(" ~ numerator ~ " as numeric), 30) / " ~ denominator ~ "), 12)" -}}
{% endmacro %}

{% macro duckdb__log_of_quotient(numerator, denominator) %}
    {{- "cast(ln(cast(" ~ numerator ~ " as double) / " ~ denominator ~ ") as decimal(18, 12))" -}}
{% endmacro %}

{% macro spark__log_of_quotient(numerator, denominator) %}
    {{- "cast(ln(cast(" ~ numerator ~ " as double) / " ~ denominator ~ ") as decimal(18, 12))" -}}
{% endmacro %}
