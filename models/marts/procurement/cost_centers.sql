with staged as (
    select * from {{ ref('stg_procurement__cost_centers') }}
)

select
    cost_center_id,
    cost_center_name,
    {{ run_columns() }}
from staged
