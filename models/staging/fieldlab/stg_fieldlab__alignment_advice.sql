with source as (
    {{ source_rows('fieldlab_ops', 'alignment_advice') }}
)

select
    cast(vendor_id as text) as vendor_id,
    cast(dealer_id as text) as dealer_id,
    cast(collection_id as text) as collection_id,
    cast(type as text) as type,
    cast(first_advised as date) as first_advised,
    cast(last_advised as date) as last_advised,
    cast(followed_on as date) as followed_on
from source
