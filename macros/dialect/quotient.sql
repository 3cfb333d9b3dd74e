{#- The quotient of two exact numbers where it may be off in the sixteenth digit: a part of a sum that is compared with no
    threshold. -#}
{% macro quotient(numerator, denominator) %}
    {{- return(adapter.dispatch('quotient', 'fieldlab')(numerator, denominator)) -}}
{% endmacro %}

{% macro postgres__quotient(numerator, denominator) %}
    {{- numerator ~ ' / ' ~ denominator -}}
{% endmacro %}

{% macro duckdb__quotient(numerator, denominator) %}
    {{- rounded_quotient(numerator, denominator, 12) -}}
{% endmacro %}

{% macro spark__quotient(numerator, denominator) %}
    {{- rounded_quotient(numerator, denominator, 12) -}}
{% endmacro %}
