{{
    config(
        materialized=incremental_by_group(),
        incremental_strategy=incremental_strategy('changed_groups'),
        unique_key=['date', 'branch_id'],
        meta={'contents': 'int_procurement__branch_days_totalled'},
        on_schema_change='append_new_columns',
        indexes=[
            {'columns': ['dimension_hash'], 'unique': true},
            {'columns': ['date', 'branch_id', 'content_fingerprint']},
        ],
        post_hook=[{'sql': '{{ vacuum_table(this) }}', 'transaction': false}],
    )
}}

with invoice_lines as (
    select * from {{ ref('invoice_lines') }}
),

branch_days as (
    select * from {{ ref('int_procurement__branch_days_totalled') }}
),

changed_days {{ computed_once() }} (
    {{ changed_groups('branch_days', ['date', 'branch_id']) }}
),

dated_days as (
    select
        *,
        {{ iso_date('date') }} as date_text
    from changed_days
),

changed_lines as (
    select
        invoice_lines.*,
        dated_days.date_text
    from invoice_lines
    inner join dated_days on {{ same_group('invoice_lines', 'dated_days', ['date', 'branch_id']) }}
),

-- Whatever depends on a key is carried along with min(): fewer columns to sort by than with all of them in the group.
totals as (
    select
        date,
        branch_id,
        item_id,
        vendor_id,
        department_id,
        cost_center_id,
        min(branch_name) as branch_name,
        min(item_name) as item_name,
        min(vendor_name) as vendor_name,
        min(department_name) as department_name,
        min(cost_center_name) as cost_center_name,
        min(date_text) as date_text,
        min(content_fingerprint) as content_fingerprint,
        sum(amount) as total_amount,
        sum(quantity) as quantity,
        count(*) as line_count,
        count(distinct invoice_id) as invoice_count
    from changed_lines
    group by
        date,
        branch_id,
        item_id,
        vendor_id,
        department_id,
        cost_center_id
),

spending_metrics as (
    select
        {{
            sha256_hex(
                "concat_ws('|', date_text, " ~ dimension_text('item_id') ~ ", " ~ dimension_text('vendor_id') ~ ", "
                ~ dimension_text('branch_id') ~ ", " ~ dimension_text('department_id') ~ ", "
                ~ dimension_text('cost_center_id') ~ ")"
            )
        }} as dimension_hash,
        date,
        item_id,
        item_name,
        vendor_id,
        vendor_name,
        branch_id,
        branch_name,
        department_id,
        department_name,
        cost_center_id,
        cost_center_name,
        total_amount,
        quantity,
        line_count,
        invoice_count,
        case
            when quantity > 0 then {{ ratio('total_amount', 'quantity') }}
        end as avg_unit_price,
        content_fingerprint,
        {{ run_columns() }}
    from totals
)

select * from spending_metrics
