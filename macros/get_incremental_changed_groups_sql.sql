{#-
    The incremental strategy `changed_groups`: what the model computed anew (see macro changed_groups) replaces what was
    stored for the same groups.

    The model's `unique_key` lists the keys of a group, its `meta.contents` names the model that says what each group's
    content is now. Stored rows stay only where all of their group have that content. This also takes out what no longer
    has any lines: removed, deleted or no longer approved, or later than the as-of date.
-#}
{% macro get_incremental_changed_groups_sql(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) %}
    {%- set keys = arg_dict['unique_key'] %}
    delete from {{ arg_dict['target_relation'] }} as target
    where exists (
        select 1
        from (
            {{ stored_groups(arg_dict['target_relation'], keys) }}
        ) as stored
        where
            {{ same_group('target', 'stored', keys) }}
            and not exists (
                select 1
                from {{ ref(model.config.meta.contents) }} as contents
                where
                    {{ same_group('stored', 'contents', keys) }}
                    and {{ is_intact('stored', 'contents') }}
            )
    );

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }};
{% endmacro %}
