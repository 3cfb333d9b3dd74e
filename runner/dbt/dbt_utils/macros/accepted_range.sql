{#- Fails on each row whose value lies outside min_value … max_value; a null passes. -#}
{% test accepted_range(model, column_name, min_value=none, max_value=none, inclusive=true) %}
{%- set or_equal = '=' if inclusive else '' %}
select *
from {{ model }}
where
    false
    {%- if min_value is not none %}
    or not {{ column_name }} >{{ or_equal }} {{ min_value }}
    {%- endif %}
    {%- if max_value is not none %}
    or not {{ column_name }} <{{ or_equal }} {{ max_value }}
    {%- endif %}
{% endtest %}
