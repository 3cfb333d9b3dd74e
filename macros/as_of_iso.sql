{#- The as-of date as ISO text: var, else environment, else today in the business time zone.
    Read only while executing, so that another date does not cost a new parse of the project. -#}
{% macro as_of_iso() %}
    {%- if not execute -%}{{ return('2000-01-01') }}{%- endif -%}
    {%- set given = var('as_of', none) or env_var('FIELDLAB_AS_OF', '') -%}
    {%- if not given -%}
        {%- set zone = modules.pytz.timezone(var('timezone', 'UTC')) -%}
        {{ return(run_started_at.astimezone(zone).strftime('%Y-%m-%d')) }}
    {%- endif -%}
    {%- if not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', given | string) -%}
        {{ exceptions.raise_compiler_error("The as-of date must look like 2026-01-31, not '" ~ given ~ "'.") }}
    {%- endif -%}
    {{ return(given | string) }}
{% endmacro %}
