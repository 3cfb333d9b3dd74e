{#- The as-of date as a SQL date. Every "now" in the project is this. -#}
{% macro as_of() %}cast('{{ as_of_iso() }}' as date){% endmacro %}
