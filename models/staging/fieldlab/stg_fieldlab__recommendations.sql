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
                'expires_at': 'timestamp',
                'as_of': 'date',
                'decided_as_of': 'date',
            },
            optional={
                'raised_as_of': 'date',
                'item_id': 'integer',
                'vendor_id': 'integer',
                'branch_id': 'integer',
                'invoice_id': 'integer',
                'named_price': 'numeric',
                'target_price': 'numeric',
                'expected_savings': 'numeric',
                'decision_key': 'text',
                'claim': 'text',
            },
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
    item_id,
    vendor_id,
    branch_id,
    invoice_id,
    named_price,
    target_price,
    expected_savings,
    decision_key,
    claim,
    expires_at,
    as_of as found_as_of,
    decided_as_of,
    raised_as_of
from source
