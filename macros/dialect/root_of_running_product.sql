{#- The square root of the product of a column's values after a group's first row, up to each row; null counts as 1. -#}
{% macro root_of_running_product(value, partition_by, order_by) %}
    {{- return(adapter.dispatch('root_of_running_product', 'fieldlab')(value, partition_by, order_by)) -}}
{% endmacro %}

{#- Logarithms are added. -#}
{% macro postgres__root_of_running_product(value, partition_by, order_by) %}
    exp((
        coalesce(
            sum(ln({{ value }})) over (
                partition by {{ partition_by }} order by {{ order_by }} rows between unbounded preceding and current row
            ),
            0
        )
        - coalesce(first_value(ln({{ value }})) over (partition by {{ partition_by }} order by {{ order_by }}), 0)
    ) / 2)
{% endmacro %}

{#- Factors of 24 decimals are multiplied in two parts of 12, so that a product keeps 24. -#}
{% macro duckdb__root_of_running_product(value, partition_by, order_by) %}
    {%- set factors -%}
        list(coalesce(cast({{ value }} as decimal(38, 24)), 1)) over (
            partition by {{ partition_by }} order by {{ order_by }} rows between unbounded preceding and current row
        )
    {%- endset -%}
    {{- square_root("list_reduce(list_concat([cast(1 as decimal(38, 24))], (" ~ factors ~ ")[2:]), lambda so_far, factor: "
        ~ long_product('so_far', 'factor') ~ ")") -}}
{% endmacro %}

{#- As on DuckDB. -#}
{% macro spark__root_of_running_product(value, partition_by, order_by) %}
    {%- set factors -%}
        collect_list(coalesce(cast({{ value }} as decimal(38, 24)), 1)) over (
            partition by {{ partition_by }} order by {{ order_by }} rows between unbounded preceding and current row
        )
    {%- endset -%}
    {{- square_root("aggregate(slice(" ~ factors ~ ", 2, 10000), cast(1 as decimal(38, 24)), (so_far, factor) -> "
        ~ long_product('so_far', 'factor') ~ ")") -}}
{% endmacro %}
