{#- A 64-bit hash of some values. Equal numbers hash alike (1.0 and 1.00). The content of a group of rows, whatever
    their order, is the sum of its rows' hashes. Name every column that counts, and no other. -#}
{% macro fingerprint(values) %}
    {{- return(adapter.dispatch('fingerprint', 'fieldlab')(values)) -}}
{% endmacro %}

{% macro default__fingerprint(values) %}
    {{- "hash_record_extended(row(" ~ values | join(', ') ~ "), 0)" -}}
{% endmacro %}
