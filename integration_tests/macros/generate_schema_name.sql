{#- Schemas named as this project likes: `analytics_alignment` where fieldlab by itself has `fieldlab_alignment`. -#}
{% macro generate_schema_name(custom_schema_name, node) %}
    {{- return('analytics' if custom_schema_name is none else 'analytics_' ~ custom_schema_name) -}}
{% endmacro %}
