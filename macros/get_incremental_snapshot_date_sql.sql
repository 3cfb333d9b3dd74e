{#- The incremental strategy `snapshot_date` of price_snapshots: the as-of date's rows are replaced, also by none; those of
    other dates stay as they are. -#}
{% macro get_incremental_snapshot_date_sql(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) %}
    delete from {{ arg_dict['target_relation'] }}
    where snapshot_date = {{ as_of() }};

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }};
{% endmacro %}
