-- Each anomaly is an order as it was bought; with the other orders it makes up its pattern; and it is listed for a
-- reason that its figures bear out.
with purchases as (
    select * from {{ ref('invoice_lines') }}
    where {{ is_purchase() }}
),

patterns as (
    select * from {{ ref('int_procurement__patterns_measured') }}
),

order_anomalies as (
    select * from {{ ref('order_anomalies') }}
),

bought as (
    select
        invoice_id,
        item_id,
        sum(quantity) as quantity,
        sum(amount) as amount
    from purchases
    where {{ within_last_days('date', var('anomaly_window_days')) }}
    group by invoice_id, item_id
)

select
    order_anomalies.scope,
    order_anomalies.item_id,
    order_anomalies.invoice_id
from order_anomalies
left join bought
    on order_anomalies.invoice_id = bought.invoice_id and order_anomalies.item_id = bought.item_id
left join patterns
    on
        order_anomalies.scope = patterns.scope
        and order_anomalies.item_id = patterns.item_id
        and {{ same_key('order_anomalies.branch_id', 'patterns.branch_id') }}
where
    bought.quantity is distinct from order_anomalies.quantity
    or bought.amount is distinct from order_anomalies.amount
    or patterns.order_quantity_sum is distinct from order_anomalies.quantity + order_anomalies.other_quantity_sum
    or patterns.order_amount_sum is distinct from order_anomalies.amount + order_anomalies.other_amount_sum
    or not (order_anomalies.is_sigma_outlier or order_anomalies.is_material_outlier)
    or order_anomalies.direction is null
    or order_anomalies.is_material_outlier
    and greatest(order_anomalies.quantity_material_deviation, order_anomalies.amount_material_deviation)
    < {{ var('anomaly_material_deviation') }}
    or order_anomalies.is_sigma_outlier
    and greatest(order_anomalies.quantity_deviation, order_anomalies.amount_deviation) < {{ var('anomaly_sigma') }}
