{#- Overrides dbt's own macro: history follows the as-of date, not the clock. -#}
{% macro postgres__snapshot_get_time() %}cast('{{ as_of_iso() }}' as timestamp){% endmacro %}
