{#- The words of a name as rows, for a lateral join: what blanks separate, without signs, `&` as the word `and`. -#}
{% macro name_words(name) %}
    {{- return(adapter.dispatch('name_words', 'fieldlab')(name)) -}}
{% endmacro %}

{% macro postgres__name_words(name) %}
    {%- set signs = "[!-/:-@\\[-`{-~’‘“”–—]" -%}
    (select regexp_split_to_table(regexp_replace(replace({{ name }}, '&', ' and '), '{{ signs }}', '', 'g'), '\s+') as word)
{%- endmacro %}

{% macro duckdb__name_words(name) %}
    {%- set signs = "[!-/:-@\\[-`{-~’‘“”–—]" -%}
    (select unnest(string_split_regex(regexp_replace(replace({{ name }}, '&', ' and '), '{{ signs }}', '', 'g'), '\s+')) as word)
{% endmacro %}

{% macro spark__name_words(name) %}
    {%- set signs = "[!-/:-@\\\\[-`{-~’‘“”–—]" -%}
    (select explode(split(regexp_replace(replace({{ name }}, '&', ' and '), '{{ signs }}', ''), '\\\\s+')) as word)
{% endmacro %}
