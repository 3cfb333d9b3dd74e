{#- The words of a name as rows, for a lateral join: what blanks separate, without signs, `&` as the word `and`. -#}
{% macro name_words(name) %}
    {{- return(adapter.dispatch('name_words', 'fieldlab')(name)) -}}
{% endmacro %}

{% macro default__name_words(name) %}
    {%- set signs = "[!-/:-@\\[-`{-~’‘“”–—]" -%}
    regexp_split_to_table(regexp_replace(replace({{ name }}, '&', ' and '), '{{ signs }}', '', 'g'), '\s+')
{%- endmacro %}
