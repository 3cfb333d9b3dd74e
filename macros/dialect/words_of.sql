{#- The words of a text, one row each, for a lateral join: maximal runs of letters and digits, A–Z in lower case; an
    empty one may be among them. Every character beyond ASCII counts as a letter, so that the result does not depend on
    the database's locale. -#}
{% macro words_of(body) %}
    {{- return(adapter.dispatch('words_of', 'fieldlab')(body)) -}}
{% endmacro %}

{% macro default__words_of(body) %}
    {{- "regexp_split_to_table(lower(" ~ body ~ " collate \"C\"), '[^a-z0-9\\u0080-\\U0010FFFF]+')" -}}
{% endmacro %}
