{{
    config(
        materialized=incremental_by_group(),
        incremental_strategy=incremental_strategy('changed_groups'),
        unique_key=['date', 'branch_id'],
        meta={'contents': 'int_procurement__branch_days_totalled'},
        on_schema_change='append_new_columns',
        indexes=[
            {'columns': ['line_id'], 'unique': true},
            {'columns': ['invoice_id']},
            {'columns': ['item_id', 'date']},
            {'columns': ['date', 'branch_id', 'content_fingerprint']},
        ],
        post_hook=[{'sql': '{{ vacuum_table(this) }}', 'transaction': false}],
    )
}}

with branch_days as (
    select * from {{ ref('int_procurement__branch_days_totalled') }}
),

invoices as (
    select * from {{ ref('int_procurement__invoices_counted') }}
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

changed_days {{ computed_once() }} (
    {{ changed_groups('branch_days', ['date', 'branch_id']) }}
),

changed_invoices as (
    select
        invoices.*,
        changed_days.content_fingerprint
    from invoices
    inner join changed_days on {{ same_group('invoices', 'changed_days', ['date', 'branch_id']) }}
),

lines as (
    select
        invoice_items.*,
        changed_invoices.date,
        items.item_name,
        -- The invoice knows best who delivered; the item only knows who usually does.
        coalesce(changed_invoices.vendor_id, items.vendor_id) as vendor_id,
        changed_invoices.branch_id,
        changed_invoices.branch_name,
        changed_invoices.department_id,
        changed_invoices.department_name,
        changed_invoices.cost_center_id,
        changed_invoices.cost_center_name,
        changed_invoices.content_fingerprint
    from changed_invoices
    inner join invoice_items on changed_invoices.invoice_id = invoice_items.invoice_id
    left join items on invoice_items.item_id = items.item_id
),

invoice_lines as (
    select
        lines.line_id,
        lines.invoice_id,
        lines.date,
        lines.item_id,
        lines.item_name,
        lines.vendor_id,
        {{ dimension_name('lines.vendor_id', 'vendors.vendor_name') }} as vendor_name,
        lines.branch_id,
        lines.branch_name,
        lines.department_id,
        lines.department_name,
        lines.cost_center_id,
        lines.cost_center_name,
        lines.quantity,
        lines.unit_price,
        {{ exact_product('lines.quantity', 'lines.unit_price') }} as amount,
        lines.content_fingerprint,
        {{ run_columns() }}
    from lines
    left join vendors on lines.vendor_id = vendors.vendor_id
)

select * from invoice_lines
