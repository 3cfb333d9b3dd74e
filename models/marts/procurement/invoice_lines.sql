{{
    config(
        indexes=[{'columns': ['line_id'], 'unique': true}, {'columns': ['date'], 'type': 'brin'}],
        post_hook='{{ analyze_table(this) }}',
    )
}}

with invoices as (
    select * from {{ ref('stg_procurement__invoices') }}
),

invoice_items as (
    select * from {{ ref('stg_procurement__invoice_items') }}
),

items as (
    select * from {{ ref('stg_procurement__items') }}
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

counted_invoices as (
    select
        dated_invoices.invoice_id,
        dated_invoices.date,
        dated_invoices.vendor_id,
        dated_invoices.branch_id,
        {{ dimension_name('dated_invoices.branch_id', 'branches.branch_name') }} as branch_name,
        dated_invoices.department_id,
        {{ dimension_name('dated_invoices.department_id', 'departments.department_name') }} as department_name,
        dated_invoices.cost_center_id,
        {{ dimension_name('dated_invoices.cost_center_id', 'cost_centers.cost_center_name') }} as cost_center_name
    from dated_invoices
    left join branches on dated_invoices.branch_id = branches.branch_id
    left join departments on dated_invoices.department_id = departments.department_id
    left join cost_centers on dated_invoices.cost_center_id = cost_centers.cost_center_id
    where dated_invoices.date <= {{ as_of() }}
),

vendored_lines as (
    select
        invoice_items.line_id,
        counted_invoices.invoice_id,
        counted_invoices.date,
        invoice_items.item_id,
        items.item_name,
        -- The invoice knows best who delivered; the item only knows who usually does.
        coalesce(counted_invoices.vendor_id, items.vendor_id) as vendor_id,
        counted_invoices.branch_id,
        counted_invoices.branch_name,
        counted_invoices.department_id,
        counted_invoices.department_name,
        counted_invoices.cost_center_id,
        counted_invoices.cost_center_name,
        invoice_items.quantity,
        invoice_items.unit_price
    from invoice_items
    inner join counted_invoices on invoice_items.invoice_id = counted_invoices.invoice_id
    left join items on invoice_items.item_id = items.item_id
),

invoice_lines as (
    select
        vendored_lines.line_id,
        vendored_lines.invoice_id,
        vendored_lines.date,
        vendored_lines.item_id,
        vendored_lines.item_name,
        vendored_lines.vendor_id,
        {{ dimension_name('vendored_lines.vendor_id', 'vendors.vendor_name') }} as vendor_name,
        vendored_lines.branch_id,
        vendored_lines.branch_name,
        vendored_lines.department_id,
        vendored_lines.department_name,
        vendored_lines.cost_center_id,
        vendored_lines.cost_center_name,
        vendored_lines.quantity,
        vendored_lines.unit_price,
        vendored_lines.quantity * vendored_lines.unit_price as amount,
        {{ run_columns() }}
    from vendored_lines
    left join vendors on vendored_lines.vendor_id = vendors.vendor_id
)

select * from invoice_lines
