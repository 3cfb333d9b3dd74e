with purchases as (
    select * from {{ ref('int_procurement__purchases_selected') }}
)

select
    invoice_id,
    item_id,
    branch_id,
    -- An invoice's lines of one item share a vendor: it is the invoice's, or else the item's.
    vendor_id,
    date as order_date,
    sum(quantity) as quantity,
    sum(amount) as amount
from purchases
where {{ within_last_days('date', var('pattern_window_days')) }}
group by invoice_id, item_id, branch_id, vendor_id, date
