with invoices as (
    select * from {{ ref('int_procurement__invoices_totalled') }}
),

purchase_orders as (
    select * from {{ ref('stg_procurement__purchase_orders') }}
),

vendors as (
    select * from {{ ref('stg_procurement__vendors') }}
),

branches as (
    select * from {{ ref('stg_procurement__branches') }}
),

valued_orders as (
    select *
    from purchase_orders
    where
        amount is not null
        and {{ business_date('ordered_at') }} <= {{ as_of() }}
),

placed_invoices as (
    select
        *,
        sum(total_amount) over (partition by purchase_order_id) as invoiced_amount,
        row_number() over (partition by purchase_order_id order by date desc, invoice_id desc) as place
    from invoices
    where purchase_order_id is not null
),

-- What an order was exceeded by belongs to its last invoice.
exceeded_orders as (
    select
        placed_invoices.invoice_id,
        greatest(placed_invoices.invoiced_amount - valued_orders.amount, 0) as over_ordered_amount
    from placed_invoices
    inner join valued_orders on placed_invoices.purchase_order_id = valued_orders.purchase_order_id
    where placed_invoices.place = 1
),

judged_invoices as (
    select
        invoices.*,
        cast({{ dbt.date_trunc('month', 'invoices.date') }} as date) as month,
        invoices.total_amount > 0 as is_counted,
        invoices.purchase_order_id is not null as is_covered,
        coalesce(exceeded_orders.over_ordered_amount, 0) as over_ordered_amount
    from invoices
    left join exceeded_orders on invoices.invoice_id = exceeded_orders.invoice_id
),

groups as (
    select
        month,
        branch_id,
        vendor_id,
        count(*) filter (where is_counted) as invoice_count,
        coalesce(sum(total_amount) filter (where is_counted), 0) as total_amount,
        count(*) filter (where is_counted and is_covered) as covered_invoice_count,
        coalesce(sum(total_amount) filter (where is_counted and is_covered), 0) as covered_amount,
        sum(over_ordered_amount) as over_ordered_amount
    from judged_invoices
    where
        -- Where no invoice names an order, nothing can be said.
        exists (
            select 1
            from judged_invoices as known_invoices
            where
                known_invoices.is_counted
                and known_invoices.is_covered
        )
    group by month, branch_id, vendor_id
),

purchase_order_coverage as (
    select
        groups.month,
        groups.branch_id,
        {{ dimension_name('groups.branch_id', 'branches.branch_name') }} as branch_name,
        groups.vendor_id,
        {{ dimension_name('groups.vendor_id', 'vendors.vendor_name') }} as vendor_name,
        groups.invoice_count,
        groups.total_amount,
        groups.covered_invoice_count,
        groups.covered_amount,
        groups.invoice_count - groups.covered_invoice_count as uncovered_invoice_count,
        groups.total_amount - groups.covered_amount as uncovered_amount,
        case when groups.total_amount > 0 then {{ ratio('groups.covered_amount', 'groups.total_amount') }} end
            as covered_share,
        case when exists (select 1 from valued_orders) then groups.over_ordered_amount end as over_ordered_amount,
        {{ run_columns() }}
    from groups
    left join vendors on groups.vendor_id = vendors.vendor_id
    left join branches on groups.branch_id = branches.branch_id
    where
        groups.invoice_count > 0
        or groups.over_ordered_amount > 0
)

select * from purchase_order_coverage
