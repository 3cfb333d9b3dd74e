{#-
    The query of the groups that an incremental model computes anew: those of `contents`, a name with one row per group,
    whose rows are not stored as they would be now. All of them where nothing is stored.

    `keys` name a group; each stored row carries the `content_fingerprint` of the content that its group was computed from.
    The strategy `changed_groups` takes out the stored rows that these replace, and those of groups that are no more.

    Put it into a CTE that is computed once ({{ computed_once() }}). The state is compared by equality, so that the planner
    expects few groups: else it sorts everything before it learns that nothing changed.
-#}
{% macro changed_groups(contents, keys) %}
    select {{ contents }}.*
    from {{ contents }}
    {%- if is_incremental() and has_fingerprints(this) %}
    left join (
        {{ stored_groups(this, keys) }}
    ) as stored
        on
            {{ same_group('stored', contents, keys) }}
            and {{ is_intact('stored', contents) }}
    where coalesce(stored.state, 'changed') = 'changed'
    {%- endif %}
{% endmacro %}

{#- One row per stored group, with the lowest and the highest fingerprint among its rows. -#}
{% macro stored_groups(relation, keys) %}
    select
        {{ keys | join(', ') }},
        min(content_fingerprint) as lowest_fingerprint,
        max(content_fingerprint) as highest_fingerprint,
        'stored' as state
    from {{ relation }}
    group by {{ keys | join(', ') }}
{% endmacro %}

{#- Whether all rows of a stored group were computed from the content there is now. -#}
{% macro is_intact(stored, contents) %}
    {{- contents ~ ".content_fingerprint = " ~ stored ~ ".lowest_fingerprint and "
        ~ contents ~ ".content_fingerprint = " ~ stored ~ ".highest_fingerprint" -}}
{% endmacro %}

{#- A join condition on the keys of a group: an id may be null, a date or month is not. -#}
{% macro same_group(left, right, keys) %}
    {%- for key in keys -%}
        {%- set pair = (left ~ '.' ~ key, right ~ '.' ~ key) -%}
        {{- ' and ' if not loop.first }}{{ same_key(*pair) if key.endswith('_id') else pair | join(' = ') }}
    {%- endfor -%}
{% endmacro %}

{#- Whether a model's table carries fingerprints: one that was built before the model was incremental does not. -#}
{% macro has_fingerprints(relation) %}
    {%- if relation is string -%}{#- the rows of a unit test, under a name -#}
        {{- return(true) -}}
    {%- else -%}
        {{- return('content_fingerprint' in adapter.get_columns_in_relation(relation) | map(attribute='name') | list) -}}
    {%- endif -%}
{% endmacro %}
