{#- The product of two exact numbers as money is kept: exact, or an error where the engine's decimals do not hold it. -#}
{% macro exact_product(first, second) %}
    {{- return(adapter.dispatch('exact_product', 'fieldlab')(first, second)) -}}
{% endmacro %}

{% macro postgres__exact_product(first, second) %}
    {{- first ~ ' * ' ~ second -}}
{% endmacro %}

{% macro duckdb__exact_product(first, second) %}
    {{- exact_number(first ~ ' * ' ~ second) -}}
{% endmacro %}

{% macro spark__exact_product(first, second) %}
    {{- exact_number(first ~ ' * ' ~ second) -}}
{% endmacro %}
