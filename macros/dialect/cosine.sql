{#- A cosine, dot / √(norm² × norm²) of two vectors, rounded half away from zero to 12 decimals. The three numbers are
    exact and positive. -#}
{% macro cosine(dot, norm_squared, other_norm_squared) %}
    {{- return(adapter.dispatch('cosine', 'fieldlab')(dot, norm_squared, other_norm_squared)) -}}
{% endmacro %}

{#- floor(√(floor(x))) = floor(√x): the root of 4 × 10²⁴ × cosine², cut to a whole number, is twice the cosine in units of
    the twelfth decimal. An integer's root that is no integer is further than 10⁻¹³ from one, so 20 decimals tell. -#}
{% macro postgres__cosine(dot, norm_squared, other_norm_squared) %}
    {%- set square = "div(4e24 * " ~ dot ~ " * " ~ dot ~ ", cast(" ~ norm_squared ~ " as numeric) * " ~ other_norm_squared ~ ")" -%}
    cast(div(trunc(sqrt(round({{ square }}, 20))) + 1, 2) * 1e-12 as numeric(38, 12))
{%- endmacro %}

{#- The root of the product, and a quotient: both are right to more than 12 decimals. -#}
{% macro duckdb__cosine(dot, norm_squared, other_norm_squared) %}
    {%- set root = square_root(long_product(norm_squared, other_norm_squared)) -%}
    {{- "cast(" ~ rounded_quotient('cast(' ~ dot ~ ' as decimal(38, 20))', root, 12) ~ " as decimal(38, 12))" -}}
{% endmacro %}

{% macro spark__cosine(dot, norm_squared, other_norm_squared) %}
    {{- duckdb__cosine(dot, norm_squared, other_norm_squared) -}}
{% endmacro %}
