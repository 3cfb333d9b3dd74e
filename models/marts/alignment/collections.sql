with staged as (
    select * from {{ ref('stg_alignment__collections') }}
)

select
    collection_id,
    collection_name,
    vendor_id,
    priority,
    {{ run_columns() }}
from staged
