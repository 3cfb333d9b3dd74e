{#- The run's id: the runner's, given in FIELDLAB_RUN_ID, else dbt's own.
    Read only while executing, so that another run does not cost a new parse of the project. -#}
{% macro run_id() %}
    {%- if not execute -%}{{ return('') }}{%- endif -%}
    {{ return(env_var('FIELDLAB_RUN_ID', '') or invocation_id) }}
{% endmacro %}
