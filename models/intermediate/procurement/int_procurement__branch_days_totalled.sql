{#- Raise it when the SQL of spending_metrics changes what its rows say: every group is then computed anew. -#}
{% set formula_version = 2 %}

with invoice_lines as (
    select * from {{ ref('invoice_lines') }}
),

invoices as (
    select
        date,
        branch_id,
        invoice_id,
        min(branch_name) as branch_name,
        count(*) as line_count,
        sum(quantity) as quantity,
        sum(amount) as total_amount,
        sum({{
            fingerprint(
                [
                    formula_version, 'date', 'item_id', 'item_name', 'vendor_id', 'vendor_name', 'branch_id',
                    'branch_name', 'department_id', 'department_name', 'cost_center_id', 'cost_center_name',
                    'invoice_id',
                ],
                numbers=['quantity', 'amount'],
            )
        }}) as line_fingerprints
    from invoice_lines
    group by date, branch_id, invoice_id
),

branch_days_totalled as (
    select
        date,
        branch_id,
        min(branch_name) as branch_name,
        sum(total_amount) as total_amount,
        count(*) as invoice_count,
        cast(sum(line_count) as bigint) as line_count,
        -- What can be counted and added up is compared as such, besides the hashes.
        {{
            fingerprint([
                'cast(sum(line_fingerprints) as text)', 'sum(line_count)', 'cast(sum(quantity) as text)',
                'cast(sum(total_amount) as text)',
            ])
        }} as content_fingerprint
    from invoices
    group by date, branch_id
)

select * from branch_days_totalled
