{#- A 64-bit hash of some values. Equal numbers hash alike (1.0 and 1.00). The content of a group of rows, whatever
    their order, is the sum of its rows' hashes. Name every column that counts, and no other.

    PostgreSQL's hash of a numeric leaves out its sign: `numbers`, the exact numbers among the values, are hashed with it. -#}
{% macro fingerprint(values, numbers=[]) %}
    {{- return(adapter.dispatch('fingerprint', 'fieldlab')(values, numbers)) -}}
{% endmacro %}

{% macro postgres__fingerprint(values, numbers) %}
    {%- set hashed = values + numbers -%}
    {%- for number in numbers %}{% do hashed.append(number ~ ' < 0') %}{% endfor -%}
    {{- "hash_record_extended(row(" ~ hashed | join(', ') ~ "), 0)" -}}
{% endmacro %}

{% macro duckdb__fingerprint(values, numbers) %}
    {{- "cast(hash(" ~ (values + numbers) | join(', ') ~ ") >> 1 as bigint)" -}}
{% endmacro %}

{% macro spark__fingerprint(values, numbers) %}
    {{- "cast(xxhash64(" ~ (values + numbers) | join(', ') ~ ") as decimal(38, 0))" -}}
{% endmacro %}
