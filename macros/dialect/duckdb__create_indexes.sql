{#- Indexes are PostgreSQL's, brin among them; a DuckDB table carries the smallest and largest values of its parts anyway. -#}
{% macro duckdb__create_indexes(relation) %}{% endmacro %}
