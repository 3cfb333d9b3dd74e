with cells as (
    select * from {{ ref('int_procurement__cells_compared') }}
    where standing_amount is not null
),

invoice_lines as (
    select * from {{ ref('invoice_lines') }}
),

items as (
    select * from {{ ref('stg_procurement__items') }}
),

-- Each item once per invoice: to group is cheaper than to count distinct invoices.
item_invoices as (
    select
        item_id,
        invoice_id
    from invoice_lines
    where {{ within_last_days('date', var('standing_days')) }}
    group by item_id, invoice_id
),

invoice_counts as (
    select
        item_id,
        count(*) as invoice_count
    from item_invoices
    group by item_id
),

amounts as (
    select
        item_id,
        sum(standing_amount) as total_amount,
        count(distinct vendor_id) + max(case when vendor_id is null then 1 else 0 end) as vendor_count,
        count(distinct branch_id) + max(case when branch_id is null then 1 else 0 end) as branch_count
    from cells
    group by item_id
),

totals as (
    select
        amounts.*,
        invoice_counts.invoice_count
    from amounts
    inner join invoice_counts on amounts.item_id = invoice_counts.item_id
),

ranked as (
    select
        *,
        sum(total_amount) filter (where total_amount > 0) over () as whole,
        coalesce(
            sum(total_amount) over (
                order by total_amount desc, item_id asc rows between unbounded preceding and 1 preceding
            ),
            0
        ) as amount_before,
        rank() over (order by total_amount desc) as spend_rank
    from totals
),

item_standing as (
    select
        ranked.item_id,
        items.item_name,
        ranked.total_amount,
        ranked.invoice_count,
        ranked.vendor_count,
        ranked.branch_count,
        case when ranked.total_amount > 0 then {{ ratio('ranked.total_amount', 'ranked.whole') }} end as spend_share,
        ranked.spend_rank,
        {{ spend_class('ranked.total_amount', 'ranked.amount_before', 'ranked.whole') }} as class,
        {{ run_columns() }}
    from ranked
    left join items on ranked.item_id = items.item_id
)

select * from item_standing
