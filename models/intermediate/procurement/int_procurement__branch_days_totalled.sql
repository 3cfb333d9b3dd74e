{#- Raise it when the SQL of invoice_lines or spending_metrics changes what its rows say: then all are made anew. -#}
{% set formula_version = 3 %}

with invoices as (
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

described_items as (
    select
        items.item_id,
        {{ fingerprint(['items.item_name', 'items.vendor_id', 'vendors.vendor_name']) }} as item_fingerprint
    from items
    left join vendors on items.vendor_id = vendors.vendor_id
),

-- Of every invoice, whether it counts or not: to join what counts is cheaper with few rows.
totals as (
    select
        invoice_items.invoice_id,
        count(*) as line_count,
        sum(invoice_items.quantity * invoice_items.unit_price) as total_amount,
        sum({{
            fingerprint(
                ['invoice_items.line_id', 'invoice_items.item_id', 'described_items.item_fingerprint'],
                numbers=['invoice_items.quantity', 'invoice_items.unit_price'],
            )
        }}) as line_fingerprints
    from invoice_items
    left join described_items on invoice_items.item_id = described_items.item_id
    group by invoice_items.invoice_id
),

counted_totals as (
    select
        invoices.date,
        invoices.branch_id,
        invoices.branch_name,
        totals.line_count,
        totals.total_amount,
        -- What can be counted and added up is compared as such, besides the hashes.
        {{
            fingerprint([
                'invoices.invoice_id', 'invoices.branch_name', 'invoices.vendor_id', 'invoices.vendor_name',
                'invoices.department_id', 'invoices.department_name', 'invoices.cost_center_id',
                'invoices.cost_center_name', 'totals.line_count',
                'cast(totals.total_amount as ' ~ dbt.type_string() ~ ')',
                'cast(totals.line_fingerprints as ' ~ dbt.type_string() ~ ')',
            ])
        }} as invoice_fingerprint
    from totals
    inner join invoices on totals.invoice_id = invoices.invoice_id
),

branch_days_totalled as (
    select
        date,
        branch_id,
        min(branch_name) as branch_name,
        sum(total_amount) as total_amount,
        count(*) as invoice_count,
        cast(sum(line_count) as bigint) as line_count,
        {{
            fingerprint([
                formula_version, 'date', 'branch_id', 'count(*)',
                'cast(sum(invoice_fingerprint) as ' ~ dbt.type_string() ~ ')',
            ])
        }} as content_fingerprint
    from counted_totals
    group by date, branch_id
)

select * from branch_days_totalled
