{#- A post-hook for a big table: the database counts its values at once, so that what reads it next is planned well. -#}
{% macro analyze_table(relation) %}
    {{- return(adapter.dispatch('analyze_table', 'fieldlab')(relation)) -}}
{% endmacro %}

{% macro postgres__analyze_table(relation) %}
    {{- "analyze " ~ relation -}}
{% endmacro %}

{% macro duckdb__analyze_table(relation) %}
    {{- 'analyze ' ~ relation -}}
{% endmacro %}

{#- Spark plans without. -#}
{% macro spark__analyze_table(relation) %}
{% endmacro %}
