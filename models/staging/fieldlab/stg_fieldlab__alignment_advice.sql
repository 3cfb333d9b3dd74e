with source as (
    {{ source_rows('fieldlab_ops', 'alignment_advice') }}
)

select
    cast(vendor_id as {{ dbt.type_string() }}) as vendor_id,
    cast(dealer_id as {{ dbt.type_string() }}) as dealer_id,
    cast(collection_id as {{ dbt.type_string() }}) as collection_id,
    cast(type as {{ dbt.type_string() }}) as type,
    cast(first_advised as date) as first_advised,
    cast(last_advised as date) as last_advised,
    cast(followed_on as date) as followed_on
from source
