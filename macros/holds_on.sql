{#- Whether a snapshot's version (the relation or its alias) is the one that holds `days_ago` days before the as-of date. -#}
{% macro holds_on(history, days_ago=0) %}
    {%- set moment = dbt.dateadd('day', -days_ago, as_of()) -%}
    {{ history }}.dbt_valid_from <= {{ moment }}
    and ({{ history }}.dbt_valid_to is null or {{ history }}.dbt_valid_to > {{ moment }})
{%- endmacro %}
