{#- A key as letters and digits, or null where it is too short, or has too few digits, to identify anything: `N/A`, `0`. -#}
{% macro identifying_key(key) %}
    case
        when
            length({{ key }}) >= {{ var('number_key_length') }}
            and length({{ digits(key) }}) >= {{ var('number_key_digits') }}
            then {{ key }}
    end
{%- endmacro %}
