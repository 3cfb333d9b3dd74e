{#- A snapshot's pre-hook: when the newest date in the history is run again, what it wrote before is taken back, so that
    the run replaces it. Older dates find newer history and change nothing. -#}
{% macro rewind_history(history) %}
    {%- if execute and load_relation(history) is not none -%}
        delete from {{ history }}
        where
            dbt_valid_from = {{ snapshot_get_time() }}
            and not {{ has_newer_history(history) }};

        update {{ history }}
        set dbt_valid_to = null
        where
            dbt_valid_to = {{ snapshot_get_time() }}
            and not {{ has_newer_history(history) }};
    {%- endif -%}
{% endmacro %}
