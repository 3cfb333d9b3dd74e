with months as (
    select
        cast(date_trunc('month', date) as date) as month,
        branch_id,
        branch_name,
        sum(amount) as total_amount,
        count(distinct invoice_id) as invoice_count,
        count(*) as line_count
    from floor.invoice_lines
    group by 1, 2, 3
)

select
    *,
    case
        when sum(total_amount) over (partition by month) > 0
            then cast(
                round(
                    total_amount * 1.000000000000000000000000 / sum(total_amount) over (partition by month), 12
                ) as numeric(38, 12)
            )
    end as spend_share
from months
