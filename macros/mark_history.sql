{#- A snapshot's post-hook: the versions that still hold were seen on the as-of date. Without it, a day on which nothing
    changed would leave no trace, and an older date run later would be taken for the newest. -#}
{% macro mark_history(history) -%}
    update {{ history }}
    set last_seen_on = {{ as_of() }}
    where
        dbt_valid_to is null
        and last_seen_on < {{ as_of() }}
{%- endmacro %}
