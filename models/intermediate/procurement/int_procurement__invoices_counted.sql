with invoices as (
    select * from {{ ref('stg_procurement__invoices') }}
),

vendors as (
    select * from {{ ref('stg_procurement__vendors') }}
),

branches as (
    select * from {{ ref('stg_procurement__branches') }}
),

departments as (
    select * from {{ ref('stg_procurement__departments') }}
),

cost_centers as (
    select * from {{ ref('stg_procurement__cost_centers') }}
),

dated_invoices as (
    select
        *,
        {{ business_date('invoiced_at') }} as date
    from invoices
    where
        status in ({{ counted_statuses() }})
        and deleted_at is null
),

invoices_counted as (
    select
        dated_invoices.invoice_id,
        dated_invoices.date,
        dated_invoices.vendor_id,
        vendors.vendor_name,
        dated_invoices.branch_id,
        {{ dimension_name('dated_invoices.branch_id', 'branches.branch_name') }} as branch_name,
        dated_invoices.department_id,
        {{ dimension_name('dated_invoices.department_id', 'departments.department_name') }} as department_name,
        dated_invoices.cost_center_id,
        {{ dimension_name('dated_invoices.cost_center_id', 'cost_centers.cost_center_name') }} as cost_center_name
    from dated_invoices
    left join vendors on dated_invoices.vendor_id = vendors.vendor_id
    left join branches on dated_invoices.branch_id = branches.branch_id
    left join departments on dated_invoices.department_id = departments.department_id
    left join cost_centers on dated_invoices.cost_center_id = cost_centers.cost_center_id
    where dated_invoices.date <= {{ as_of() }}
)

select * from invoices_counted
