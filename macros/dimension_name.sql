{#- The name to show for a dimension's value: `Unassigned` where the id is null, null where the id is unknown. -#}
{% macro dimension_name(id, name) %}
    {{- "case when " ~ id ~ " is null then 'Unassigned' else " ~ name ~ " end" -}}
{% endmacro %}
