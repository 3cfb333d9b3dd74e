{#- Refuses vars that are not what var_ranges allows, all of them at once and before anything is built. -#}
{% macro check_vars() %}
    {%- if not execute -%}{{ return('') }}{%- endif -%}
    {%- set ranges = fromjson(var_ranges()) -%}
    {%- set problems = [] -%}
    {%- for name, limits in ranges.items() -%}
        {%- set value = var(name, none) -%}
        {%- set shown = tojson(value) if value is none or value is string or value is boolean else value -%}
        {%- set other = limits.get('at_most') -%}
        {%- set needed = limits.get('needs', {}).get(value) if value is string -%}
        {%- if not is_legal_var(value, limits) -%}
            {%- do problems.append(name ~ ' is ' ~ shown ~ '; it must be ' ~ var_limits_in_words(limits)) -%}
        {%- elif other and is_legal_var(var(other), ranges[other]) and value > var(other) -%}
            {%- do problems.append(name ~ ' is ' ~ shown ~ '; it must be at most ' ~ other ~ ', ' ~ var(other)) -%}
        {%- elif needed and var(needed) is not true -%}
            {%- do problems.append(name ~ ' is ' ~ shown ~ '; that needs ' ~ needed ~ ': true') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if problems -%}
        {{ exceptions.raise_compiler_error('The var ' ~ problems | join('.\nThe var ') ~ '.') }}
    {%- endif -%}
{% endmacro %}
