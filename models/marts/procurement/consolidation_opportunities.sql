with purchases as (
    select * from {{ ref('invoice_lines') }}
    where {{ is_purchase() }}
),

assigned_purchases as (
    select *
    from purchases
    where
        {{ within_last_days('date', var('consolidation_window_days')) }}
        and branch_id is not null
        and vendor_id is not null
),

cells as (
    select
        item_id,
        item_name,
        branch_id,
        branch_name,
        vendor_id,
        vendor_name,
        count(*) as line_count,
        sum(quantity) as quantity,
        sum(amount) as total_amount
    from assigned_purchases
    group by item_id, item_name, branch_id, branch_name, vendor_id, vendor_name
),

opportunities as (
    select
        item_id,
        item_name,
        count(distinct branch_id) as branch_count,
        count(distinct vendor_id) as vendor_count,
        sum(line_count) as line_count,
        sum(quantity) as quantity,
        sum(total_amount) as total_amount,
        {%- set cell = {
            'branch_id': 'branch_id',
            'branch_name': 'branch_name',
            'vendor_id': 'vendor_id',
            'vendor_name': 'vendor_name',
            'quantity': json_number('quantity'),
            'total_amount': json_number('total_amount'),
            'mean_price': json_number(rounded_quotient('total_amount', 'quantity', 12)),
        } %}
        {{ json_array(json_object(cell), order_by=['branch_id', 'vendor_id']) }} as breakdown
    from cells
    group by item_id, item_name
    having
        count(distinct branch_id) >= {{ var('consolidation_min_branches') }}
        and count(distinct vendor_id) >= {{ var('consolidation_min_vendors') }}
),

item_vendors as (
    select
        item_id,
        vendor_id,
        vendor_name,
        sum(line_count) as line_count,
        sum(quantity) as quantity,
        sum(total_amount) as total_amount
    from cells
    group by item_id, vendor_id, vendor_name
),

candidates as (
    select *
    from item_vendors
    where line_count >= {{ var('consolidation_min_lines') }}
),

-- The one no other candidate beats. Mean prices are compared as products, so that 10/3 and 20/6 tie.
best_vendors as (
    select *
    from candidates
    where
        not exists (
            select 1
            from candidates as rivals
            where
                rivals.item_id = candidates.item_id
                and (
                    rivals.total_amount * candidates.quantity < candidates.total_amount * rivals.quantity
                    or (
                        rivals.total_amount * candidates.quantity = candidates.total_amount * rivals.quantity
                        and (
                            rivals.quantity > candidates.quantity
                            or (rivals.quantity = candidates.quantity and rivals.vendor_id < candidates.vendor_id)
                        )
                    )
                )
        )
),

dearer_vendors as (
    select
        item_vendors.item_id,
        sum(item_vendors.quantity) as quantity,
        sum(item_vendors.total_amount) as total_amount
    from item_vendors
    inner join best_vendors
        on
            item_vendors.item_id = best_vendors.item_id
            and item_vendors.total_amount * best_vendors.quantity > best_vendors.total_amount * item_vendors.quantity
    group by item_vendors.item_id
)

select
    opportunities.item_id,
    opportunities.item_name,
    opportunities.branch_count,
    opportunities.vendor_count,
    opportunities.total_amount,
    best_vendors.vendor_id as best_vendor_id,
    best_vendors.vendor_name as best_vendor_name,
    best_vendors.line_count as best_line_count,
    best_vendors.quantity as best_quantity,
    best_vendors.total_amount as best_amount,
    opportunities.line_count - coalesce(best_vendors.line_count, 0) as other_line_count,
    opportunities.quantity - coalesce(best_vendors.quantity, 0) as other_quantity,
    opportunities.total_amount - coalesce(best_vendors.total_amount, 0) as other_amount,
    coalesce(dearer_vendors.quantity, 0) as dearer_quantity,
    coalesce(dearer_vendors.total_amount, 0) as dearer_amount,
    -- What was paid to dearer vendors, less what the same quantity costs at the best vendor's mean price.
    cast(
        case
            when dearer_vendors.quantity > 0
                then {{
                    ratio(
                        'dearer_vendors.total_amount * best_vendors.quantity'
                        ~ ' - best_vendors.total_amount * dearer_vendors.quantity',
                        'best_vendors.quantity',
                    )
                }}
            else 0
        end as numeric(38, 12)
    ) as potential_savings,
    opportunities.breakdown,
    cast({{ var('consolidation_window_days') }} as integer) as window_days,
    {{ run_columns() }}
from opportunities
left join best_vendors on opportunities.item_id = best_vendors.item_id
left join dearer_vendors on opportunities.item_id = dearer_vendors.item_id
