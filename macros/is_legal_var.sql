{#- Whether a value is one that var_ranges allows. -#}
{% macro is_legal_var(value, limits) %}
    {%- set type = limits['type'] -%}
    {%- if value is none -%}
        {{ return(limits.get('nullable', false)) }}
    {%- elif type == 'boolean' -%}
        {{ return(value is boolean) }}
    {%- elif type in ('integer', 'number') -%}
        {%- set is_of_type = value is integer or (value is float and type == 'number') -%}
        {{ return(is_of_type and limits['min'] <= value <= limits['max']) }}
    {%- elif type == 'texts' -%}
        {%- set is_list = value is sequence and value is not string and value is not mapping -%}
        {%- set texts = value | select('string') | select('ne', '') | list if is_list else [] -%}
        {{ return(is_list and limits['min'] <= texts | length == value | length <= limits['max']) }}
    {%- elif type == 'date' -%}
        {%- set text = value | string -%}
        {%- if not modules.re.fullmatch('(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])', text) -%}
            {{ return(false) }}
        {%- endif -%}
        {#- A day that the month does not have would come out as a day of the next one. -#}
        {%- set days = modules.datetime.timedelta(days=text[8:] | int - 1) -%}
        {%- set day = modules.datetime.date(text[:4] | int, text[5:7] | int, 1) + days -%}
        {{ return(day | string == text and limits['min'] <= text <= limits['max']) }}
    {%- elif value is not string -%}
        {{ return(false) }}
    {%- elif type == 'zone' -%}
        {{ return(value in modules.pytz.all_timezones) }}
    {%- elif 'allowed' in limits -%}
        {{ return(value in limits['allowed']) }}
    {%- else -%}
        {{ return(modules.re.fullmatch(limits['pattern'], value) is not none) }}
    {%- endif -%}
{% endmacro %}
