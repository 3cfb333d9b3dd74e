{#- dbt's own raises an error where a date is null. Models ask for days alone. -#}
{% macro spark__datediff(first_date, second_date, datepart) %}
    {{- "datediff(" ~ second_date ~ ", " ~ first_date ~ ")" -}}
{% endmacro %}
