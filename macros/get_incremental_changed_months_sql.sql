{#- The incremental strategy `changed_months` of int_procurement__paired_months_summed: what the model computed anew
    replaces what was stored for the same month. A stored row stays only when its month, and those it is compared with,
    still have the content it was computed from. -#}
{% macro get_incremental_changed_months_sql(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) %}
    delete from {{ arg_dict['target_relation'] }} as stored
    where not exists (
        select 1
        from {{ ref('int_procurement__months_fingerprinted') }} as current_months
        where
            stored.month = current_months.month
            and stored.content_fingerprint = current_months.content_fingerprint
    );

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }};
{% endmacro %}
