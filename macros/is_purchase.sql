{#- Whether an invoice line is a purchase: credit notes and free goods say nothing about prices or about how an item is
    ordered. -#}
{% macro is_purchase() %}quantity > 0 and unit_price > 0{% endmacro %}
