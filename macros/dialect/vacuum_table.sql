{#- A post-hook, outside of a transaction, for a big table that is kept from run to run: its index alone then tells what is
    stored. The values are counted too, as by analyze_table. -#}
{% macro vacuum_table(relation) %}
    {{- return(adapter.dispatch('vacuum_table', 'fieldlab')(relation)) -}}
{% endmacro %}

{% macro postgres__vacuum_table(relation) %}
    {{- "vacuum (analyze) " ~ relation -}}
{% endmacro %}

{% macro duckdb__vacuum_table(relation) %}{% endmacro %}

{% macro spark__vacuum_table(relation) %}{% endmacro %}
