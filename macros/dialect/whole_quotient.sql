{#- The quotient of two whole numbers, cut to a whole number; neither is negative. -#}
{% macro whole_quotient(numerator, denominator) %}
    {{- return(adapter.dispatch('whole_quotient', 'fieldlab')(numerator, denominator)) -}}
{% endmacro %}

{% macro postgres__whole_quotient(numerator, denominator) %}
    {{- '(' ~ numerator ~ ') / (' ~ denominator ~ ')' -}}
{% endmacro %}

{% macro duckdb__whole_quotient(numerator, denominator) %}
    {{- '(' ~ numerator ~ ') // (' ~ denominator ~ ')' -}}
{% endmacro %}

{% macro spark__whole_quotient(numerator, denominator) %}
    {{- '(' ~ numerator ~ ') div (' ~ denominator ~ ')' -}}
{% endmacro %}
