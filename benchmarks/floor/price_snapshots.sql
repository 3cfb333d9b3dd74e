with groups as (
    select
        item_id,
        item_name,
        vendor_id,
        vendor_name,
        branch_id,
        branch_name,
        sum(unit_price) as price_sum,
        count(*) as line_count,
        sum(quantity) as quantity
    from floor.invoice_lines
    where
        date between %(as_of)s - 29 and %(as_of)s
        and quantity > 0
        and unit_price > 0
    group by 1, 2, 3, 4, 5, 6
),

network as (
    select
        item_id,
        sum(unit_price) as price_sum,
        count(*) as line_count,
        min(unit_price) as min_price,
        max(unit_price) as max_price
    from floor.invoice_lines
    where
        date between %(as_of)s - 29 and %(as_of)s
        and quantity > 0
        and unit_price > 0
    group by item_id
)

select
    %(as_of)s as snapshot_date,
    groups.*,
    network.min_price as network_min_price,
    network.max_price as network_max_price,
    network.price_sum as network_price_sum,
    network.line_count as network_line_count,
    cast(round(groups.price_sum * 1.000000000000000000000000 / groups.line_count, 12) as numeric(38, 12)) as price,
    cast(
        round(network.price_sum * 1.000000000000000000000000 / network.line_count, 12) as numeric(38, 12)
    ) as network_avg_price
from groups
inner join network on groups.item_id = network.item_id
