{#- The values of Invoice.status that count, as a SQL list; with `lower`, without regard to case and blanks around. -#}
{% macro counted_statuses(how='') %}
    {#- Parsed before check_vars refuses what is no list. -#}
    {%- set statuses = var('counted_statuses') -%}
    {%- for status in (statuses if statuses is iterable else []) -%}
        {{ dbt.string_literal(dbt.escape_single_quotes((status | trim | lower) if how == 'lower' else status)) }}
        {{- ', ' if not loop.last }}
    {%- endfor -%}
{% endmacro %}
