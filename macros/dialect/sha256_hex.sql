{#- The SHA-256 of a text's UTF-8 bytes in lower-case hexadecimal. -#}
{% macro sha256_hex(value) %}
    {{- return(adapter.dispatch('sha256_hex', 'fieldlab')(value)) -}}
{% endmacro %}

{% macro postgres__sha256_hex(value) %}
    {{- "encode(sha256(convert_to(" ~ value ~ ", 'UTF8')), 'hex')" -}}
{% endmacro %}

{% macro duckdb__sha256_hex(value) %}
    {{- 'sha256(' ~ value ~ ')' -}}
{% endmacro %}

{% macro spark__sha256_hex(value) %}
    {{- 'sha2(' ~ value ~ ', 256)' -}}
{% endmacro %}
