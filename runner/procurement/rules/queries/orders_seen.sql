-- A row when a purchase order, whatever its status, was placed in the last days.
select 1
from {procurement}.purchase_orders
where order_date between cast(%(as_of)s as date) - (%(orders_seen_days)s - 1) and %(as_of)s
limit 1
