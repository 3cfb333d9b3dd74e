{% set window_days = var('duplicate_window_days') %}
{% set lines_days = var('duplicate_lines_days') %}
{% set standing_order_days = var('standing_order_days') %}
{% set farthest_days = 'greatest(' ~ var('duplicate_number_days') ~ ', ' ~ lines_days ~ ')' %}
{% set earliest_date = days_ago(window_days ~ ' + ' ~ farthest_days ~ ' - 1') %}

with invoices as (
    select * from {{ ref('int_procurement__invoices_totalled') }}
),

invoice_lines {{ computed_in_place() }} (
    select * from {{ ref('invoice_lines') }}
),

vendors as (
    select * from {{ ref('stg_procurement__vendors') }}
),

branches as (
    select * from {{ ref('stg_procurement__branches') }}
),

recent_invoices as (
    select *
    from invoices
    where {{ within_last_days('date', window_days) }}
),

number_pairs as (
    select
        recent_invoices.invoice_id,
        earlier_invoices.invoice_id as other_invoice_id
    from recent_invoices
    inner join invoices as earlier_invoices
        on
            recent_invoices.vendor_id = earlier_invoices.vendor_id
            and recent_invoices.number_key = earlier_invoices.number_key
            and recent_invoices.total_amount = earlier_invoices.total_amount
            and (
                recent_invoices.date > earlier_invoices.date
                or (
                    recent_invoices.date = earlier_invoices.date
                    and recent_invoices.invoice_id > earlier_invoices.invoice_id
                )
            )
            and {{ dbt.datediff('earlier_invoices.date', 'recent_invoices.date', 'day') }}
            <= {{ var('duplicate_number_days') }}
    where recent_invoices.total_amount > 0
),

-- An invoice's purchases by item and price: of the invoices that may have a twin, their twins and those that may show a
-- standing order; and of all whose numbers are the same.
purchase_groups as (
    select
        invoice_id,
        item_id,
        unit_price,
        min(date) as date,
        min(branch_id) as branch_id,
        sum(quantity) as quantity,
        sum(amount) as amount
    from invoice_lines
    where
        date >= {{ days_ago(window_days ~ ' + ' ~ lines_days ~ ' + ' ~ standing_order_days ~ ' - 1') }}
        and quantity > 0
        and unit_price > 0
    group by invoice_id, item_id, unit_price
),

alike as (
    select
        later_groups.invoice_id,
        earlier_groups.invoice_id as other_invoice_id,
        count(*) as identical_line_count,
        sum(later_groups.amount) as identical_amount
    from purchase_groups as later_groups
    inner join purchase_groups as earlier_groups
        on
            later_groups.item_id = earlier_groups.item_id
            and later_groups.unit_price = earlier_groups.unit_price
            and later_groups.quantity = earlier_groups.quantity
            and {{ same_key('later_groups.branch_id', 'earlier_groups.branch_id') }}
            and (
                later_groups.date > earlier_groups.date
                or (
                    later_groups.date = earlier_groups.date
                    and later_groups.invoice_id > earlier_groups.invoice_id
                )
            )
            and {{ dbt.datediff('earlier_groups.date', 'later_groups.date', 'day') }} <= {{ lines_days }}
    where {{ within_last_days('later_groups.date', window_days) }}
    group by later_groups.invoice_id, earlier_groups.invoice_id
    having count(distinct later_groups.item_id) >= {{ var('duplicate_min_items') }}
),

alike_pairs as (
    select
        alike.invoice_id,
        alike.other_invoice_id
    from alike
    inner join invoices as later_invoices on alike.invoice_id = later_invoices.invoice_id
    inner join invoices as earlier_invoices on alike.other_invoice_id = earlier_invoices.invoice_id
    where
        {{ same_key('later_invoices.vendor_id', 'earlier_invoices.vendor_id') }}
        and alike.identical_amount
        >= {{ var('duplicate_min_share') }}
        * greatest(later_invoices.purchase_amount, earlier_invoices.purchase_amount)
        and not exists (
            select 1
            from number_pairs
            where
                number_pairs.invoice_id = alike.invoice_id
                and number_pairs.other_invoice_id = alike.other_invoice_id
        )
),

-- The invoices of those pairs, each with the other one of its pair.
suspects as (
    select
        invoice_id,
        other_invoice_id
    from alike_pairs
    union all
    select
        other_invoice_id as invoice_id,
        invoice_id as other_invoice_id
    from alike_pairs
),

-- Whatever each of them has in common with any invoice of the branch around its date.
shared_with_thirds as (
    select
        suspects.invoice_id,
        suspects.other_invoice_id,
        third_groups.invoice_id as third_invoice_id,
        sum(own_groups.amount) as shared_amount
    from suspects
    inner join purchase_groups as own_groups on suspects.invoice_id = own_groups.invoice_id
    inner join purchase_groups as third_groups
        on
            own_groups.item_id = third_groups.item_id
            and own_groups.unit_price = third_groups.unit_price
            and own_groups.quantity = third_groups.quantity
            and {{ same_key('own_groups.branch_id', 'third_groups.branch_id') }}
            and {{ dbt.datediff('third_groups.date', 'own_groups.date', 'day') }}
            between -{{ standing_order_days }} and {{ standing_order_days }}
    where
        third_groups.invoice_id <> suspects.invoice_id
        and third_groups.invoice_id <> suspects.other_invoice_id
    group by suspects.invoice_id, suspects.other_invoice_id, third_groups.invoice_id
),

standing_orders as (
    select
        shared_with_thirds.invoice_id,
        shared_with_thirds.other_invoice_id
    from shared_with_thirds
    inner join invoices as own_invoices on shared_with_thirds.invoice_id = own_invoices.invoice_id
    inner join invoices as third_invoices on shared_with_thirds.third_invoice_id = third_invoices.invoice_id
    where
        shared_with_thirds.shared_amount
        >= {{ var('standing_order_share') }} * greatest(own_invoices.purchase_amount, third_invoices.purchase_amount)
),

pairs as (
    select
        invoice_id,
        other_invoice_id,
        'number' as basis
    from number_pairs
    union all
    select
        invoice_id,
        other_invoice_id,
        'lines' as basis
    from alike_pairs
    where
        not exists (
            select 1
            from standing_orders
            where
                (
                    standing_orders.invoice_id = alike_pairs.invoice_id
                    and standing_orders.other_invoice_id = alike_pairs.other_invoice_id
                )
                or (
                    standing_orders.invoice_id = alike_pairs.other_invoice_id
                    and standing_orders.other_invoice_id = alike_pairs.invoice_id
                )
        )
),

paired_invoices as (
    select invoice_id from pairs
    union
    select other_invoice_id as invoice_id from pairs
),

-- Invoices with the same number may be older than what purchase_groups reads.
paired_groups as (
    select
        invoice_lines.invoice_id,
        invoice_lines.item_id,
        invoice_lines.unit_price,
        sum(invoice_lines.quantity) as quantity,
        sum(invoice_lines.amount) as amount
    from invoice_lines
    inner join paired_invoices on invoice_lines.invoice_id = paired_invoices.invoice_id
    where
        invoice_lines.date >= {{ earliest_date }}
        and invoice_lines.quantity > 0
        and invoice_lines.unit_price > 0
    group by invoice_lines.invoice_id, invoice_lines.item_id, invoice_lines.unit_price
),

identical as (
    select
        pairs.invoice_id,
        pairs.other_invoice_id,
        count(*) as line_count,
        sum(later_groups.amount) as amount
    from pairs
    inner join paired_groups as later_groups on pairs.invoice_id = later_groups.invoice_id
    inner join paired_groups as earlier_groups
        on
            pairs.other_invoice_id = earlier_groups.invoice_id
            and later_groups.item_id = earlier_groups.item_id
            and later_groups.unit_price = earlier_groups.unit_price
            and later_groups.quantity = earlier_groups.quantity
    group by pairs.invoice_id, pairs.other_invoice_id
),

compared_pairs as (
    select
        pairs.*,
        coalesce(identical.line_count, 0) as identical_line_count,
        coalesce(identical.amount, 0) as identical_amount,
        greatest(later_invoices.purchase_amount, earlier_invoices.purchase_amount) as larger_purchase_amount,
        later_invoices.date,
        earlier_invoices.date as other_date,
        later_invoices.invoice_number,
        earlier_invoices.invoice_number as other_invoice_number,
        later_invoices.total_amount,
        earlier_invoices.total_amount as other_total_amount,
        later_invoices.vendor_id,
        later_invoices.branch_id,
        earlier_invoices.branch_id as other_branch_id
    from pairs
    inner join invoices as later_invoices on pairs.invoice_id = later_invoices.invoice_id
    inner join invoices as earlier_invoices on pairs.other_invoice_id = earlier_invoices.invoice_id
    left join identical
        on
            pairs.invoice_id = identical.invoice_id
            and pairs.other_invoice_id = identical.other_invoice_id
),

duplicate_invoices as (
    select
        compared_pairs.invoice_id,
        compared_pairs.other_invoice_id,
        compared_pairs.basis,
        compared_pairs.date,
        compared_pairs.other_date,
        {{ dbt.datediff('compared_pairs.other_date', 'compared_pairs.date', 'day') }} as days_apart,
        compared_pairs.invoice_number,
        compared_pairs.other_invoice_number,
        compared_pairs.total_amount,
        compared_pairs.other_total_amount,
        compared_pairs.identical_line_count,
        compared_pairs.identical_amount,
        case
            when compared_pairs.larger_purchase_amount > 0
                then {{ ratio('compared_pairs.identical_amount', 'compared_pairs.larger_purchase_amount') }}
        end as identical_share,
        compared_pairs.vendor_id,
        {{ dimension_name('compared_pairs.vendor_id', 'vendors.vendor_name') }} as vendor_name,
        compared_pairs.branch_id,
        {{ dimension_name('compared_pairs.branch_id', 'branches.branch_name') }} as branch_name,
        compared_pairs.other_branch_id,
        {{ dimension_name('compared_pairs.other_branch_id', 'other_branches.branch_name') }} as other_branch_name,
        {{ run_columns() }}
    from compared_pairs
    left join vendors on compared_pairs.vendor_id = vendors.vendor_id
    left join branches on compared_pairs.branch_id = branches.branch_id
    left join branches as other_branches on compared_pairs.other_branch_id = other_branches.branch_id
)

select * from duplicate_invoices
