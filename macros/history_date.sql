{#- The date of a history mart that counts as `days_ago` days before the as-of date: its newest up to then, unless that is
    more than `history_tolerance_days` older; null where there is none. -#}
{% macro history_date(history, days_ago) -%}
    (
        select max(dated.as_of)
        from {{ history }} as dated
        where
            dated.as_of >= cast({{ dbt.dateadd('day', '-' ~ days_ago ~ ' - ' ~ var('history_tolerance_days'), as_of()) }} as date)
            and dated.as_of <= cast({{ dbt.dateadd('day', '-' ~ days_ago, as_of()) }} as date)
    )
{%- endmacro %}
