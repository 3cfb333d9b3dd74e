with source as (
    {{
        source_rows(
            source('fieldlab_ops', 'alignment_advice'),
            required={
                'vendor_id': 'text',
                'dealer_id': 'text',
                'collection_id': 'text',
                'type': 'text',
                'first_advised': 'date',
                'last_advised': 'date',
                'followed_on': 'date',
            },
        )
    }}
)

select
    vendor_id,
    dealer_id,
    collection_id,
    type,
    first_advised,
    last_advised,
    followed_on
from source
