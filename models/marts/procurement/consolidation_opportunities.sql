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

branch_vendors as (
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

described_branch_vendors as (
    select
        *,
        {{
            json_object({
                'branch_id': 'branch_id',
                'branch_name': 'branch_name',
                'vendor_id': 'vendor_id',
                'vendor_name': 'vendor_name',
                'quantity': json_number('quantity'),
                'total_amount': json_number('total_amount'),
                'mean_price': json_number(rounded_quotient('total_amount', 'quantity', 12)),
            })
        }} as description
    from branch_vendors
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
        {{ json_array('description', order_by=['branch_id', 'vendor_id']) }} as breakdown
    from described_branch_vendors
    group by item_id, item_name
    having
        count(distinct branch_id) >= {{ var('consolidation_min_branches') }}
        and count(distinct vendor_id) >= {{ var('consolidation_min_vendors') }}
),

-- 40 decimals tell any two mean prices apart, and 10 / 3 is 20 / 6.
vendors as (
    select
        item_id,
        vendor_id,
        vendor_name,
        sum(line_count) as line_count,
        sum(quantity) as quantity,
        sum(total_amount) as total_amount,
        {{ rounded_quotient('sum(total_amount)', 'sum(quantity)', 40) }} as mean_price
    from branch_vendors
    group by item_id, vendor_id, vendor_name
),

-- The cheapest of those with enough lines; of equal ones, who sold most.
ranked_vendors as (
    select
        *,
        row_number() over (partition by item_id order by mean_price asc, quantity desc, vendor_id asc) as place
    from vendors
    where line_count >= {{ var('consolidation_min_lines') }}
),

best_vendors as (
    select *
    from ranked_vendors
    where place = 1
),

dearer_vendors as (
    select
        vendors.item_id,
        sum(vendors.quantity) as quantity,
        sum(vendors.total_amount) as total_amount
    from vendors
    inner join best_vendors
        on
            vendors.item_id = best_vendors.item_id
            and vendors.mean_price > best_vendors.mean_price
    group by vendors.item_id
),

consolidated as (
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
        -- dearer_amount - dearer_quantity * best_amount / best_quantity: what was paid to dearer vendors, less what the
        -- same quantity costs at the best vendor's mean price.
        cast(
            coalesce(
                {{
                    ratio(
                        'dearer_vendors.total_amount * best_vendors.quantity'
                        ~ ' - best_vendors.total_amount * dearer_vendors.quantity',
                        'best_vendors.quantity',
                    )
                }},
                0
            ) as numeric(38, 12)
        ) as potential_savings,
        opportunities.breakdown,
        cast({{ var('consolidation_window_days') }} as integer) as window_days,
        {{ run_columns() }}
    from opportunities
    left join best_vendors on opportunities.item_id = best_vendors.item_id
    left join dearer_vendors on opportunities.item_id = dearer_vendors.item_id
)

select * from consolidated
