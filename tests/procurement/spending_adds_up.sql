-- Per date and branch, and per month and branch, every amount, quantity and line of invoice_lines is in
-- spending_metrics and branch_spending once. Totals over all of them are then equal too.
with invoice_lines as (
    select * from {{ ref('invoice_lines') }}
),

spending_metrics as (
    select * from {{ ref('spending_metrics') }}
),

branch_spending as (
    select * from {{ ref('branch_spending') }}
),

line_days as (
    select
        date,
        branch_id,
        sum(amount) as total_amount,
        sum(quantity) as quantity,
        count(*) as line_count
    from invoice_lines
    group by date, branch_id
),

metric_days as (
    select
        date,
        branch_id,
        sum(total_amount) as total_amount,
        sum(quantity) as quantity,
        sum(line_count) as line_count
    from spending_metrics
    group by date, branch_id
),

line_months as (
    select
        cast({{ dbt.date_trunc('month', 'date') }} as date) as month,
        branch_id,
        sum(total_amount) as total_amount,
        sum(line_count) as line_count
    from line_days
    group by cast({{ dbt.date_trunc('month', 'date') }} as date), branch_id
),

differing_days as (
    select
        'spending_metrics' as mart,
        coalesce(line_days.date, metric_days.date) as period,
        coalesce(line_days.branch_id, metric_days.branch_id) as branch_id,
        line_days.total_amount as amount_of_lines,
        metric_days.total_amount as amount_in_mart
    from line_days
    full outer join metric_days
        on
            line_days.date = metric_days.date
            and {{ same_key('line_days.branch_id', 'metric_days.branch_id') }}
    where
        line_days.total_amount is distinct from metric_days.total_amount
        or line_days.quantity is distinct from metric_days.quantity
        or line_days.line_count is distinct from metric_days.line_count
),

differing_months as (
    select
        'branch_spending' as mart,
        coalesce(line_months.month, branch_spending.month) as period,
        coalesce(line_months.branch_id, branch_spending.branch_id) as branch_id,
        line_months.total_amount as amount_of_lines,
        branch_spending.total_amount as amount_in_mart
    from line_months
    full outer join branch_spending
        on
            line_months.month = branch_spending.month
            and {{ same_key('line_months.branch_id', 'branch_spending.branch_id') }}
    where
        line_months.total_amount is distinct from branch_spending.total_amount
        or line_months.line_count is distinct from branch_spending.line_count
)

select * from differing_days
union all
select * from differing_months
