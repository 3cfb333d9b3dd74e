{#- The words of a text, one row each, for a lateral join: maximal runs of letters and digits, A–Z in lower case; an
    empty one may be among them. Every character beyond ASCII counts as a letter, so that the result does not depend on
    the database's locale. -#}
{% macro words_of(body) %}
    {{- return(adapter.dispatch('words_of', 'fieldlab')(body)) -}}
{% endmacro %}

{% macro postgres__words_of(body) %}
    {{- "(select regexp_split_to_table(lower(" ~ body ~ " collate \"C\"), '[^a-z0-9\\u0080-\\U0010FFFF]+') as word)" -}}
{% endmacro %}

{#- Only A–Z become lower case. -#}
{% macro duckdb__words_of(body) %}
    {%- set lower_case = "translate(" ~ body ~ ", 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')" -%}
    {{- "(select unnest(string_split_regex(" ~ lower_case ~ ", '[^a-z0-9\\x{80}-\\x{10FFFF}]+')) as word)" -}}
{% endmacro %}

{% macro spark__words_of(body) %}
    {%- set lower_case = "translate(" ~ body ~ ", 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')" -%}
    {{- "(select explode(split(" ~ lower_case ~ ", '[\\\\x00-\\\\x7F&&[^a-z0-9]]+')) as word)" -}}
{% endmacro %}
