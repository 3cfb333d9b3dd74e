{#- A join condition on an integer key in which null meets null. Unlike `is not distinct from` it can be hashed, and no
    number has to represent null. -#}
{% macro same_key(left, right) %}
    {{- "coalesce(" ~ left ~ ", 0) = coalesce(" ~ right ~ ", 0) and (" ~ left ~ " is null) = (" ~ right ~ " is null)" -}}
{% endmacro %}
