{{ config(materialized='table', post_hook='{{ analyze_table(this) }}') }}

with purchases as (
    select * from {{ ref('int_procurement__purchases_selected') }}
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
