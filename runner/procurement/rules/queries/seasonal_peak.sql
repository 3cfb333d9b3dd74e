-- One row per item that the network buys by the season, with what the coming month brought in earlier years.
select
    item_id,
    item_name,
    seasonality_strength,
    seasonality_quantity,
    seasonality_month_count,
    next_month_quantity,
    next_month_count
from {procurement}.purchase_patterns
where
    scope = 'network'
    and is_seasonal
order by item_id
