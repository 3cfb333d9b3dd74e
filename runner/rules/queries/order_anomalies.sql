-- One row per item × assigned branch × order that stands out from the branch's other orders of the item.
select
    item_id,
    item_name,
    branch_id,
    branch_name,
    invoice_id,
    order_date,
    quantity,
    amount,
    other_order_count,
    other_quantity_sum,
    other_amount_sum,
    quantity_material_deviation,
    amount_material_deviation,
    is_material_quantity_outlier,
    is_material_amount_outlier,
    is_increasing
from {procurement}.order_anomalies
where
    scope = 'branch'
    and branch_id is not null
    and is_material_outlier
order by item_id, branch_id, invoice_id
