{#- A text with each name in it replaced by the value of an expression. -#}
{% macro replaced(text, values) %}
    {%- set nested = namespace(sql=text) -%}
    {%- for name, value in values.items() -%}
        {%- set nested.sql = 'replace(' ~ nested.sql ~ ", '" ~ name ~ "', coalesce(" ~ value ~ ", ''))" -%}
    {%- endfor -%}
    {{- return(nested.sql) -}}
{% endmacro %}
