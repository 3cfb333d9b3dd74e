{#- A join condition on a text in which null meets null; it can be hashed, and no text has to represent null. -#}
{% macro same_text(left, right) %}
    {{- "coalesce(" ~ left ~ ", '') = coalesce(" ~ right ~ ", '') and (" ~ left ~ " is null) = (" ~ right ~ " is null)" -}}
{% endmacro %}
