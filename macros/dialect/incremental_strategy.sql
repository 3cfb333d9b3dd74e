{#- How an engine keeps what a model computed before: the incremental strategy of that name, or Spark's own, which replaces
    the partitions that have new rows. -#}
{% macro incremental_strategy(name) %}
    {{- return(adapter.dispatch('incremental_strategy', 'fieldlab')(name)) -}}
{% endmacro %}

{% macro default__incremental_strategy(name) %}
    {{- return(name) -}}
{% endmacro %}

{% macro spark__incremental_strategy(name) %}
    {{- return('insert_overwrite') -}}
{% endmacro %}

{#- The materialization of a model whose strategy replaces groups of rows: `table` where only whole partitions can be. -#}
{% macro incremental_by_group() %}
    {{- return(adapter.dispatch('incremental_by_group', 'fieldlab')()) -}}
{% endmacro %}

{% macro default__incremental_by_group() %}
    {{- return('incremental') -}}
{% endmacro %}

{% macro spark__incremental_by_group() %}
    {{- return('table') -}}
{% endmacro %}
