{{ config(materialized='table') }}

with value_faults as (
    {{ source_faults('raw_procurement', 'Vendor') }}
    union all
    {{ source_faults('raw_procurement', 'Branch') }}
    union all
    {{ source_faults('raw_procurement', 'Department') }}
    union all
    {{ source_faults('raw_procurement', 'CostCenter') }}
    union all
    {{ source_faults('raw_procurement', 'Item') }}
    union all
    {{ source_faults('raw_procurement', 'Invoice') }}
    union all
    {{ source_faults('raw_procurement', 'InvoiceItem') }}
    union all
    {{ source_faults('raw_procurement', 'PurchaseOrder') }}
),

invoices as (
    select * from {{ ref('stg_procurement__invoices') }}
),

invoice_items {{ computed_in_place() }} (
    select * from {{ ref('stg_procurement__invoice_items') }}
),

purchase_orders as (
    select * from {{ ref('stg_procurement__purchase_orders') }}
),

statuses as (
    select
        coalesce(status, 'null') as status,
        coalesce(status in ({{ counted_statuses() }}), false) as is_counted,
        coalesce(lower(trim(status)) in ({{ counted_statuses('lower') }}), false) as is_alike,
        min({{ by_code_points('cast(invoice_id as ' ~ dbt.type_string() ~ ')') }}) as row_key,
        count(*) as row_count
    from invoices
    group by status
),

counted as (
    select bool_or(is_counted) as is_any_counted
    from statuses
),

-- Every invoice is of a status that does not count: each total would be 0.
uncounted_faults as (
    select
        'Invoice' as source_table,
        'status' as column_name,
        'no_counted_status' as check_id,
        statuses.status as row_key,
        cast(statuses.row_count as {{ dbt.type_string() }}) as found_value,
        statuses.row_count,
        0 as kept_out_count
    from statuses
    cross join counted
    where not counted.is_any_counted
),

spelling_faults as (
    select
        'Invoice' as source_table,
        'status' as column_name,
        'status_spelling' as check_id,
        row_key,
        status as found_value,
        row_count,
        0 as kept_out_count
    from statuses
    where
        is_alike
        and not is_counted
),

dated_invoices as (
    select
        *,
        {{ business_date('invoiced_at') }} as date
    from invoices
),

dates as (
    select
        'Invoice' as source_table,
        'date' as column_name,
        invoice_id as row_key,
        date
    from dated_invoices
    union all
    select
        'PurchaseOrder' as source_table,
        'orderedAt' as column_name,
        purchase_order_id as row_key,
        {{ business_date('ordered_at') }} as date
    from purchase_orders
),

date_faults as (
    {{ date_faults('dates') }}
),

stale_faults as (
    {{ stale_faults('dates', 'Invoice') }}
),

-- A credit note has a negative quantity or a negative price; with both it counts as spending.
credit_faults as (
    select
        'InvoiceItem' as source_table,
        'price' as column_name,
        'negative_times_negative' as check_id,
        cast(line_id as {{ dbt.type_string() }}) as row_key,
        quantity || ' × ' || unit_price as found_value,
        1 as row_count,
        0 as kept_out_count
    from invoice_items
    where
        quantity < 0
        and unit_price < 0
),

item_prices as (
    select
        item_id,
        min(quantity) as min_quantity,
        max(quantity) as max_quantity,
        min(unit_price) as min_price,
        max(unit_price) as max_price,
        count(*) as line_count
    from invoice_items
    group by item_id
),

-- Where every quantity is 1 and the prices differ widely, the prices are amounts.
amount_faults as (
    select
        'InvoiceItem' as source_table,
        'price' as column_name,
        'amounts_as_prices' as check_id,
        cast(item_id as {{ dbt.type_string() }}) as row_key,
        min_price || ' to ' || max_price as found_value,
        line_count as row_count,
        0 as kept_out_count
    from item_prices
    where
        min_quantity = 1
        and max_quantity = 1
        and min_price > 0
        and max_price > {{ var('plausible_price_spread') }} * min_price
),

invoice_contents as (
    select
        invoice_id,
        sum({{ fingerprint(['item_id'], ['quantity', 'unit_price']) }}) as contents,
        count(*) as line_count,
        sum(quantity * unit_price) as total
    from invoice_items
    group by invoice_id
),

-- Identical in branch, vendor, total and lines.
like_invoices as (
    select
        dated_invoices.date,
        coalesce(dated_invoices.branch_id, 0) as branch_key,
        coalesce(dated_invoices.vendor_id, 0) as vendor_key,
        invoice_contents.contents,
        invoice_contents.line_count,
        invoice_contents.total,
        count(*) as invoice_count
    from dated_invoices
    inner join invoice_contents on dated_invoices.invoice_id = invoice_contents.invoice_id
    group by
        dated_invoices.date,
        coalesce(dated_invoices.branch_id, 0),
        coalesce(dated_invoices.vendor_id, 0),
        invoice_contents.contents,
        invoice_contents.line_count,
        invoice_contents.total
),

day_pairs as (
    select
        earlier.date as earlier_date,
        later.date as later_date,
        sum(least(earlier.invoice_count, later.invoice_count)) as invoice_count
    from like_invoices as earlier
    inner join like_invoices as later
        on
            earlier.contents = later.contents
            and earlier.branch_key = later.branch_key
            and earlier.vendor_key = later.vendor_key
            and earlier.line_count = later.line_count
            and earlier.total = later.total
            and earlier.date < later.date
    group by earlier.date, later.date
),

repeated_faults as (
    select
        'Invoice' as source_table,
        'date' as column_name,
        'repeated_day' as check_id,
        {{ iso_date('later_date') }} as row_key,
        invoice_count || ' as on ' || {{ iso_date('earlier_date') }} as found_value,
        cast(invoice_count as bigint) as row_count,
        0 as kept_out_count
    from day_pairs
    where invoice_count >= {{ var('repeated_day_invoices') }}
),

all_faults as (
    select * from value_faults
    union all
    select * from uncounted_faults
    union all
    select * from spelling_faults
    union all
    select * from date_faults
    union all
    select * from stale_faults
    union all
    select * from credit_faults
    union all
    select * from amount_faults
    union all
    select * from repeated_faults
),

faults as (
    select
        source_table,
        column_name,
        check_id,
        row_key,
        found_value,
        cast(sum(row_count) as bigint) as row_count,
        cast(sum(kept_out_count) as bigint) as kept_out_count
    from all_faults
    group by source_table, column_name, check_id, row_key, found_value
)

select * from faults
