{#-
    The incremental strategy `changed_branch_days` of spending_metrics: what the model computed anew replaces what was
    stored for the same date × branch.

    A stored row stays only when its date × branch still has the content it was computed from. This also takes out what
    no longer has any lines: removed, deleted or no longer approved, or later than the as-of date.
-#}
{% macro get_incremental_changed_branch_days_sql(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) %}
    delete from {{ arg_dict['target_relation'] }} as stored
    where not exists (
        select 1
        from {{ ref('int_procurement__branch_days_totalled') }} as current_days
        where
            stored.date = current_days.date
            and {{ same_key('stored.branch_id', 'current_days.branch_id') }}
            and stored.content_fingerprint = current_days.content_fingerprint
    );

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }};
{% endmacro %}
