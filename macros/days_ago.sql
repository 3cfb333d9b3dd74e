{#- The date this many days before the as-of date. -#}
{% macro days_ago(days) %}
    {{- "cast(" ~ dbt.dateadd('day', '-1 * (' ~ days ~ ')', as_of()) ~ " as date)" -}}
{% endmacro %}
