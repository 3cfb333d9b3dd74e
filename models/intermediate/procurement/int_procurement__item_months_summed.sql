{{
    config(
        materialized=incremental_by_group(),
        incremental_strategy=incremental_strategy('changed_groups'),
        unique_key=['month', 'branch_id'],
        meta={'contents': 'int_procurement__branch_months_fingerprinted'},
        on_schema_change='append_new_columns',
        indexes=[{'columns': ['month', 'branch_id', 'content_fingerprint']}],
        post_hook=[{'sql': '{{ vacuum_table(this) }}', 'transaction': false}],
    )
}}

with purchases as (
    select * from {{ ref('invoice_lines') }}
    where {{ is_purchase() }}
),

branch_days as (
    select * from {{ ref('int_procurement__branch_days_totalled') }}
),

branch_months as (
    select * from {{ ref('int_procurement__branch_months_fingerprinted') }}
),

changed_months {{ computed_once() }} (
    {{ changed_groups('branch_months', ['month', 'branch_id']) }}
),

-- To look a line's day up is cheaper than to work out its month.
changed_days as (
    select
        branch_days.date,
        changed_months.*
    from branch_days
    inner join changed_months
        on
            {{ month_number('branch_days.date') }} = changed_months.month
            and {{ same_key('branch_days.branch_id', 'changed_months.branch_id') }}
),

item_months_summed as (
    select
        purchases.item_id,
        purchases.vendor_id,
        purchases.branch_id,
        changed_days.month,
        sum(purchases.quantity) as quantity,
        sum(purchases.amount) as amount,
        min(purchases.date) as first_date,
        changed_days.content_fingerprint
    from purchases
    inner join changed_days on {{ same_group('purchases', 'changed_days', ['date', 'branch_id']) }}
    group by
        purchases.item_id,
        purchases.vendor_id,
        purchases.branch_id,
        changed_days.month,
        changed_days.content_fingerprint
)

select * from item_months_summed
