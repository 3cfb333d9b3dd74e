with item_orders as (
    select * from {{ ref('int_procurement__orders_scoped') }}
    where scope = 'branch'
),

branches as (
    select * from {{ ref('stg_procurement__branches') }}
),

vendors as (
    select * from {{ ref('stg_procurement__vendors') }}
),

orders as (
    select
        branch_id,
        vendor_id,
        invoice_id,
        order_date,
        sum(amount) as amount
    from item_orders
    group by branch_id, vendor_id, invoice_id, order_date
),

series as (
    select
        branch_id,
        vendor_id,
        count(*) as order_count,
        count(distinct order_date) as order_date_count,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date,
        sum(amount) as order_amount_sum
    from orders
    group by branch_id, vendor_id
),

named as (
    select
        series.*,
        {{ dimension_name('series.branch_id', 'branches.branch_name') }} as branch_name,
        {{ dimension_name('series.vendor_id', 'vendors.vendor_name') }} as vendor_name
    from series
    left join branches on series.branch_id = branches.branch_id
    left join vendors on series.vendor_id = vendors.vendor_id
),

vendor_order_patterns as (
    select
        branch_id,
        branch_name,
        vendor_id,
        vendor_name,
        order_count,
        order_date_count,
        first_order_date,
        last_order_date,
        -- The gaps between successive dates add up to the time from the first to the last.
        cast(
            case
                when order_date_count >= {{ var('cycle_min_dates') }}
                    then {{ ratio(dbt.datediff('first_order_date', 'last_order_date', 'day'), 'order_date_count - 1') }}
            end as numeric(38, 12)
        ) as avg_order_cycle_days,
        order_amount_sum,
        {{ ratio('order_amount_sum', 'order_count') }} as avg_order_amount,
        {{ run_columns() }}
    from named
)

select * from vendor_order_patterns
