{#- The product of two numbers of 24 decimals, with 24 decimals: each is the sum of its first 12 and its last 12. -#}
{% macro long_product(first, second) %}
    {%- set cut = [] -%}
    {%- for factor in [first, second] -%}
        {%- do cut.append("cast(" ~ factor ~ " as decimal(38, 12))") -%}
    {%- endfor -%}
    cast(
        cast({{ cut[0] }} * {{ cut[1] }} as decimal(38, 24))
        + cast({{ cut[0] }} * cast({{ second }} - {{ cut[1] }} as decimal(24, 24)) as decimal(38, 24))
        + cast({{ cut[1] }} * cast({{ first }} - {{ cut[0] }} as decimal(24, 24)) as decimal(38, 24))
        as decimal(38, 24)
    )
{% endmacro %}
