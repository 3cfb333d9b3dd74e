-- One row per item that the network buys by the season.
select item_id, item_name, seasonality_strength, seasonality_pattern
from {procurement}.purchase_patterns
where
    scope = 'network'
    and is_seasonal
order by item_id
