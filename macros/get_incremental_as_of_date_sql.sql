{#- The incremental strategy `as_of_date` of marts that keep history: the as-of date's rows are replaced, also by none; those
    of other dates stay as they are. The model's `unique_key` is its date column. -#}
{% macro get_incremental_as_of_date_sql(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) %}
    delete from {{ arg_dict['target_relation'] }}
    where {{ arg_dict['unique_key'] }} = {{ as_of() }};

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }};
{% endmacro %}
