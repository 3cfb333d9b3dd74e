with branch_days as (
    select * from {{ ref('int_procurement__branch_days_totalled') }}
),

monthly_days as (
    select
        *,
        cast({{ dbt.date_trunc('month', 'date') }} as date) as month
    from branch_days
),

-- An invoice has one date and one branch, so that counts of distinct invoices add up.
branch_months as (
    select
        month,
        branch_id,
        branch_name,
        sum(total_amount) as total_amount,
        cast(sum(invoice_count) as bigint) as invoice_count,
        cast(sum(line_count) as bigint) as line_count
    from monthly_days
    group by month, branch_id, branch_name
),

months as (
    select
        month,
        sum(total_amount) as total_amount
    from branch_months
    group by month
),

branch_spending as (
    select
        branch_months.month,
        branch_months.branch_id,
        branch_months.branch_name,
        branch_months.total_amount,
        branch_months.invoice_count,
        branch_months.line_count,
        case
            when months.total_amount > 0 then {{ ratio('branch_months.total_amount', 'months.total_amount') }}
        end as spend_share,
        {{ run_columns() }}
    from branch_months
    inner join months on branch_months.month = months.month
)

select * from branch_spending
