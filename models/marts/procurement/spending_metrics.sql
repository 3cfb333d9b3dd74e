{{
    config(
        materialized='incremental',
        incremental_strategy='changed_branch_days',
        on_schema_change='append_new_columns',
        indexes=[{'columns': ['dimension_hash'], 'unique': true}],
    )
}}

with invoice_lines as (
    select * from {{ ref('invoice_lines') }}
),

branch_days as (
    select * from {{ ref('int_procurement__branch_days_totalled') }}
),

{% if is_incremental() %}
    stored_days as (
        select distinct
            date,
            branch_id,
            content_fingerprint,
            'stored' as state
        from {{ this }}
    ),

    compared_days as (
        select
            branch_days.*,
            coalesce(stored_days.state, 'changed') as state
        from branch_days
        left join stored_days
            on
                branch_days.date = stored_days.date
                and {{ same_key('branch_days.branch_id', 'stored_days.branch_id') }}
                and branch_days.content_fingerprint = stored_days.content_fingerprint
    ),

    -- Materialized and compared by equality, so that the planner expects few days: else it sorts all lines before it
    -- learns that nothing changed.
    changed_days as materialized (
        select
            *,
            {{ iso_date('date') }} as date_text
        from compared_days
        where state = 'changed'
    ),
{% else %}
    changed_days as (
        select
            *,
            {{ iso_date('date') }} as date_text
        from branch_days
    ),
{% endif %}

changed_lines as (
    select
        invoice_lines.*,
        changed_days.date_text,
        changed_days.content_fingerprint
    from invoice_lines
    inner join changed_days
        on
            invoice_lines.date = changed_days.date
            and {{ same_key('invoice_lines.branch_id', 'changed_days.branch_id') }}
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
