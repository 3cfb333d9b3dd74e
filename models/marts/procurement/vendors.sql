with staged as (
    select * from {{ ref('stg_procurement__vendors') }}
)

select
    vendor_id,
    vendor_name,
    tax_id,
    {{ run_columns() }}
from staged
