{#- A cosine, dot / √(norm² × norm²) of two vectors, rounded half away from zero to 12 decimals. The three numbers are
    exact and positive. -#}
{% macro cosine(dot, norm_squared, other_norm_squared) %}
    {{- return(adapter.dispatch('cosine', 'fieldlab')(dot, norm_squared, other_norm_squared)) -}}
{% endmacro %}

{#- floor(√(floor(x))) = floor(√x): the root of 4 × 10²⁴ × cosine², cut to a whole number, is twice the cosine in units of
    the twelfth decimal. An integer's root that is no integer is further than 10⁻¹³ from one, so 20 decimals tell. -#}
{% macro default__cosine(dot, norm_squared, other_norm_squared) %}
    {%- set square = "div(4e24 * " ~ dot ~ " * " ~ dot ~ ", cast(" ~ norm_squared ~ " as numeric) * " ~ other_norm_squared ~ ")" -%}
    cast(div(trunc(sqrt(round({{ square }}, 20))) + 1, 2) * 1e-12 as numeric(38, 12))
{%- endmacro %}
