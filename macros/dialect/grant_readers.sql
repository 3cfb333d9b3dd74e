{#- A post-hook: the roles of the var reader_roles may read a relation. Nothing is ever taken from anybody. -#}
{% macro grant_readers(relation) %}
    {{- return(adapter.dispatch('grant_readers', 'fieldlab')(relation)) -}}
{% endmacro %}

{#- Two grants on one schema at once fail ("tuple concurrently updated"), so they wait for each other. -#}
{% macro postgres__grant_readers(relation) %}
    {%- set roles = var('reader_roles', []) -%}
    {#- Parsed before check_vars refuses what is no list. -#}
    {%- if roles and roles is iterable %}
    select pg_advisory_xact_lock(hashtextextended('fieldlab grants on {{ relation.schema | replace("'", "''") }}', 0));
    {%- for role in roles %}
    grant usage on schema {{ adapter.quote(relation.schema) }} to {{ adapter.quote(role | replace('"', '""')) }};
    grant select on {{ relation }} to {{ adapter.quote(role | replace('"', '""')) }};
    {%- endfor %}
    {%- endif %}
{% endmacro %}

{#- A file has no roles. -#}
{% macro duckdb__grant_readers(relation) %}
{% endmacro %}

{#- The catalog's own rights hold. -#}
{% macro spark__grant_readers(relation) %}
{% endmacro %}
