{#- A number that orders the fractions dot² / norm² as their values do. All three numbers have 24 decimals; `largest` is the
    largest of the norms. -#}
{% macro fraction_order(dot, norm, largest) %}
    {{- return(adapter.dispatch('fraction_order', 'fieldlab')(dot, norm, largest)) -}}
{% endmacro %}

{#- A whole number, exact: see the macro closeness. -#}
{% macro postgres__fraction_order(dot, norm, largest) %}
    {{- "div(" ~ dot ~ " * " ~ dot ~ " * " ~ largest ~ " * " ~ largest ~ " * 1e72, " ~ norm ~ ")" -}}
{% endmacro %}

{#- Twelve digits of the quotient: its exact form has more digits than there are. -#}
{% macro duckdb__fraction_order(dot, norm, largest) %}
    {{- "round(cast(" ~ dot ~ " as double) * cast(" ~ dot ~ " as double) / cast(" ~ norm ~ " as double), 12)" -}}
{% endmacro %}

{#- As on DuckDB. -#}
{% macro spark__fraction_order(dot, norm, largest) %}
    {{- "round(cast(" ~ dot ~ " as double) * cast(" ~ dot ~ " as double) / cast(" ~ norm ~ " as double), 12)" -}}
{% endmacro %}
