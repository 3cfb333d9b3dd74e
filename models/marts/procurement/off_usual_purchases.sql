{% set recent_days = var('off_usual_days') %}
{% set base_days = var('usual_vendor_days') %}

with purchases as (
    select * from {{ ref('invoice_lines') }}
    where {{ is_purchase() }}
),

cells as (
    select * from {{ ref('int_procurement__cells_compared') }}
),

-- Where there never was a choice, nothing need be looked at.
contested_items as (
    select item_id
    from cells
    where first_purchase_date is not null
    group by item_id
    having count(distinct vendor_id) > 1
),

contested_purchases as (
    select
        purchases.*,
        {{ within_last_days('purchases.date', recent_days) }} as is_recent
    from purchases
    inner join contested_items on purchases.item_id = contested_items.item_id
    where
        {{ within_last_days('purchases.date', '(' ~ recent_days ~ ' + ' ~ base_days ~ ')') }}
        and purchases.vendor_id is not null
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
        count(distinct invoice_id) filter (where not is_recent) as base_invoice_count,
        sum(quantity) filter (where not is_recent) as base_quantity,
        sum(amount) filter (where not is_recent) as base_amount
    from contested_purchases
    group by item_id, vendor_id
),

-- An invoice's lines of one item share a vendor, so that the vendors' invoices add up to the item's.
compared_vendors as (
    select
        *,
        sum(base_amount) over (partition by item_id) as item_base_amount,
        sum(base_invoice_count) over (partition by item_id) as item_invoice_count
    from item_vendors
),

usual_vendors as (
    select
        item_id,
        vendor_id,
        vendor_name,
        coalesce(recent_amount, base_amount) as amount,
        coalesce(recent_quantity, base_quantity) as quantity,
        case when recent_line_count > 0 then recent_line_count else base_line_count end as line_count
    from compared_vendors
    where
        base_amount >= {{ var('usual_vendor_share') }} * item_base_amount
        and base_invoice_count >= {{ var('usual_vendor_share') }} * item_invoice_count
        and base_invoice_count >= {{ var('usual_vendor_min_invoices') }}
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
    from contested_purchases as recent_purchases
    inner join usual_vendors on recent_purchases.item_id = usual_vendors.item_id
    where
        recent_purchases.is_recent
        and recent_purchases.vendor_id <> usual_vendors.vendor_id
    group by recent_purchases.item_id, recent_purchases.branch_id, recent_purchases.vendor_id
),

off_usual_purchases as (
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
)

select * from off_usual_purchases
