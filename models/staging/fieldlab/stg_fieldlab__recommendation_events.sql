with source as (
    {{ source_rows('fieldlab_ops', 'recommendation_events') }}
)

select
    cast(id as bigint) as event_id,
    cast(recommendation_id as bigint) as recommendation_id,
    {{ utc_timestamp('occurred_at') }} as occurred_at,
    cast(actor as {{ dbt.type_string() }}) as actor,
    cast(to_status as {{ dbt.type_string() }}) as to_status,
    cast(reason as {{ dbt.type_string() }}) as reason,
    cast(as_of as date) as occurred_as_of
from source
