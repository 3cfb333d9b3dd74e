{#- camelCase to snake_case: "displayOrderDate" -> "display_order_date". -#}
{% macro snake_case(name) %}
    {{- return(modules.re.sub('(?<!^)(?=[A-Z])', '_', name) | lower) -}}
{% endmacro %}
