{#- The values of Invoice.status that count, as a SQL list; with `lower`, without regard to case and blanks around. -#}
{% macro counted_statuses(how='') %}
    {%- for status in var('counted_statuses') -%}
        {{ dbt.string_literal(dbt.escape_single_quotes((status | trim | lower) if how == 'lower' else status)) }}
        {{- ', ' if not loop.last }}
    {%- endfor -%}
{% endmacro %}
