with source as (
    {{
        source_rows(
            source('fieldlab_ops', 'recommendation_events'),
            required={
                'id': 'bigint',
                'recommendation_id': 'bigint',
                'occurred_at': 'timestamp',
                'actor': 'text',
                'to_status': 'text',
                'reason': 'text',
            },
            optional={'as_of': 'date'},
        )
    }}
)

select
    id as event_id,
    recommendation_id,
    occurred_at,
    actor,
    to_status,
    reason,
    as_of as occurred_as_of
from source
