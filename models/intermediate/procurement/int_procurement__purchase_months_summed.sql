with purchases as (
    select * from {{ ref('invoice_lines') }}
    where
        {{ is_purchase() }}
        and {{ within_last_days('date') }}
)

select
    item_id,
    vendor_id,
    branch_id,
    {{ month_number('date') }} as month,
    sum(quantity) as quantity,
    sum(amount) as amount
from purchases
group by item_id, vendor_id, branch_id, {{ month_number('date') }}
