{#- Whether a snapshot's history reaches beyond the as-of date: a version seen, or gone, later than that. -#}
{% macro has_newer_history(history) -%}
    exists (
        select 1
        from {{ history }} as newer
        where
            newer.last_seen_on > {{ as_of() }}
            or newer.dbt_valid_to > {{ snapshot_get_time() }}
    )
{%- endmacro %}
