with items as (
    select
        item_id,
        min(item_name) as item_name,
        sum(amount) as total_amount,
        count(distinct invoice_id) as invoice_count,
        count(distinct vendor_id) + max(case when vendor_id is null then 1 else 0 end) as vendor_count,
        count(distinct branch_id) + max(case when branch_id is null then 1 else 0 end) as branch_count
    from floor.invoice_lines
    where date between %(as_of)s - 364 and %(as_of)s
    group by item_id
)

select
    *,
    case
        when total_amount > 0
            then cast(
                round(
                    total_amount * 1.000000000000000000000000
                    / sum(total_amount) filter (where total_amount > 0) over (),
                    12
                ) as numeric(38, 12)
            )
    end as spend_share,
    rank() over (order by total_amount desc) as spend_rank
from items
