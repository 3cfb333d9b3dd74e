-- One row per item × assigned branch × order that differs from the branch's other orders of the item.
select
    anomalies.item_id,
    anomalies.item_name,
    items.unit,
    anomalies.branch_id,
    anomalies.branch_name,
    anomalies.invoice_id,
    anomalies.order_date,
    anomalies.quantity,
    anomalies.amount,
    anomalies.other_order_count,
    anomalies.other_quantity_sum,
    anomalies.other_amount_sum,
    anomalies.quantity_material_deviation,
    anomalies.amount_material_deviation,
    anomalies.is_material_quantity_outlier,
    anomalies.is_material_amount_outlier,
    anomalies.is_increasing
from {procurement}.order_anomalies as anomalies
left join {procurement}.items on anomalies.item_id = items.item_id
where
    anomalies.scope = 'branch'
    and anomalies.branch_id is not null
    and anomalies.is_material_outlier
order by anomalies.item_id, anomalies.branch_id, anomalies.invoice_id
