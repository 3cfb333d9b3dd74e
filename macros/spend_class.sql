{#- The class of a part of spending by what the larger ones before it add up to: A below 80 % of the whole (the one that
    crosses it belongs to A), B below 95 %, else C. Null without an amount above 0. -#}
{% macro spend_class(amount, amount_before, whole) %}
    case
        when {{ amount }} <= 0 then null
        when {{ amount_before }} < {{ var('class_a_share') }} * {{ whole }} then 'A'
        when {{ amount_before }} < {{ var('class_b_share') }} * {{ whole }} then 'B'
        else 'C'
    end
{%- endmacro %}
