with staged as (
    select * from {{ ref('stg_procurement__vendors') }}
)

select
    vendor_id,
    vendor_name,
    {{ run_columns() }}
from staged
