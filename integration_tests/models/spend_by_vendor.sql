-- A model of the host's on a mart of the package.
with spending_metrics as (
    select * from {{ ref('fieldlab', 'spending_metrics') }}
)

select
    vendor_id,
    vendor_name,
    sum(total_amount) as total_amount
from spending_metrics
group by vendor_id, vendor_name
