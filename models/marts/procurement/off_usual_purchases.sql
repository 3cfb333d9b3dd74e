{% set recent_days = var('off_usual_days') %}
{% set base_days = var('usual_vendor_days') %}

with purchases as (
    select * from {{ ref('invoice_lines') }}
    where {{ is_purchase() }}
),

assigned_purchases as (
    select
        *,
        {{ within_last_days('date', recent_days) }} as is_recent
    from purchases
    where
        {{ within_last_days('date', '(' ~ recent_days ~ ' + ' ~ base_days ~ ')') }}
        and vendor_id is not null
),

item_vendors as (
    select
        item_id,
        vendor_id,
        min(vendor_name) as vendor_name,
        count(*) filter (where is_recent) as recent_line_count,
        sum(quantity) filter (where is_recent) as recent_quantity,
        sum(amount) filter (where is_recent) as recent_amount,
        count(*) filter (where not is_recent) as base_line_count,
        sum(quantity) filter (where not is_recent) as base_quantity,
        sum(amount) filter (where not is_recent) as base_amount
    from assigned_purchases
    group by item_id, vendor_id
),

-- Only where there is a choice need invoices be counted.
contested_items as (
    select
        item_id,
        sum(base_amount) as base_amount
    from item_vendors
    group by item_id
    having count(*) > 1
),

invoice_counts as (
    select
        assigned_purchases.item_id,
        assigned_purchases.vendor_id,
        count(distinct assigned_purchases.invoice_id) as invoice_count
    from assigned_purchases
    inner join contested_items on assigned_purchases.item_id = contested_items.item_id
    where not assigned_purchases.is_recent
    group by assigned_purchases.item_id, assigned_purchases.vendor_id
),

-- An invoice's lines of one item share a vendor, so that the vendors' invoices add up to the item's.
placed_vendors as (
    select
        *,
        sum(invoice_count) over (partition by item_id) as item_invoice_count
    from invoice_counts
),

usual_vendors as (
    select
        item_vendors.item_id,
        item_vendors.vendor_id,
        item_vendors.vendor_name,
        coalesce(item_vendors.recent_amount, item_vendors.base_amount) as amount,
        case
            when item_vendors.recent_line_count > 0 then item_vendors.recent_quantity
            else item_vendors.base_quantity
        end as quantity,
        case
            when item_vendors.recent_line_count > 0 then item_vendors.recent_line_count
            else item_vendors.base_line_count
        end as line_count
    from item_vendors
    inner join contested_items on item_vendors.item_id = contested_items.item_id
    inner join placed_vendors
        on
            item_vendors.item_id = placed_vendors.item_id
            and item_vendors.vendor_id = placed_vendors.vendor_id
    where
        item_vendors.base_amount >= {{ var('usual_vendor_share') }} * contested_items.base_amount
        and placed_vendors.invoice_count >= {{ var('usual_vendor_share') }} * placed_vendors.item_invoice_count
        and placed_vendors.invoice_count >= {{ var('usual_vendor_min_invoices') }}
),

off_usual as (
    select
        recent_purchases.item_id,
        recent_purchases.branch_id,
        recent_purchases.vendor_id,
        min(recent_purchases.item_name) as item_name,
        min(recent_purchases.branch_name) as branch_name,
        min(recent_purchases.vendor_name) as vendor_name,
        count(distinct recent_purchases.invoice_id) as invoice_count,
        count(*) as line_count,
        sum(recent_purchases.quantity) as quantity,
        sum(recent_purchases.amount) as total_amount
    from assigned_purchases as recent_purchases
    inner join usual_vendors on recent_purchases.item_id = usual_vendors.item_id
    where
        recent_purchases.is_recent
        and recent_purchases.vendor_id <> usual_vendors.vendor_id
    group by recent_purchases.item_id, recent_purchases.branch_id, recent_purchases.vendor_id
)

select
    off_usual.item_id,
    off_usual.item_name,
    off_usual.branch_id,
    off_usual.branch_name,
    off_usual.vendor_id,
    off_usual.vendor_name,
    usual_vendors.vendor_id as usual_vendor_id,
    usual_vendors.vendor_name as usual_vendor_name,
    off_usual.invoice_count,
    off_usual.line_count,
    off_usual.quantity,
    off_usual.total_amount,
    {{ ratio('off_usual.total_amount', 'off_usual.quantity') }} as mean_price,
    {{ ratio('usual_vendors.amount', 'usual_vendors.quantity') }} as usual_price,
    usual_vendors.line_count as usual_line_count,
    -- amount - usual price * quantity
    {{
        ratio(
            'off_usual.total_amount * usual_vendors.quantity - usual_vendors.amount * off_usual.quantity',
            'usual_vendors.quantity',
        )
    }} as extra_cost,
    {{ run_columns() }}
from off_usual
inner join usual_vendors on off_usual.item_id = usual_vendors.item_id
