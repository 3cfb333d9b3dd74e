with source as (
    {{
        source_rows(
            source('fieldlab_ops', 'recommendations'),
            required={
                'id': 'bigint',
                'rule_id': 'text',
                'type': 'text',
                'category': 'text',
                'title': 'text',
                'estimated_savings': 'numeric',
                'savings_basis': 'text',
                'confidence_score': 'numeric',
                'priority': 'integer',
                'context': 'jsonb',
                'expires_at': 'timestamp',
                'as_of': 'date',
                'decided_as_of': 'date',
            },
            optional={'raised_as_of': 'date'},
        )
    }}
)

select
    id as recommendation_id,
    rule_id,
    type,
    category,
    title,
    estimated_savings,
    savings_basis,
    confidence_score,
    priority,
    context,
    expires_at,
    as_of as found_as_of,
    decided_as_of,
    raised_as_of
from source
