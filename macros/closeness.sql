{#-
    A whole number that orders pairs as shared² / other_size does, exactly and without a fraction: two fractions with
    denominators of at most n that differ, differ by at least 1 / n², so n² times each, cut, keeps their order.

    shared        members that two sets have in common
    other_size    members of the other set
    largest_size  n: members of the largest set
-#}
{% macro closeness(shared, other_size, largest_size) %}
    {{- whole_quotient("cast(" ~ shared ~ " as bigint) * " ~ shared ~ " * " ~ largest_size ~ " * " ~ largest_size, other_size) -}}
{% endmacro %}
