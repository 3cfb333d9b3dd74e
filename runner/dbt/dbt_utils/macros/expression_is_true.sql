{#- Fails on each row for which the expression is not true; given under a column, the column comes first. -#}
{% test expression_is_true(model, expression, column_name=none) %}
select 1 as failure
from {{ model }}
where not ({{ column_name ~ ' ' if column_name }}{{ expression }})
{% endtest %}
