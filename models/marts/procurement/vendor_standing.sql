{#- A lost vendor's purchases lie in these dates: the year before the days that make a vendor new. -#}
{% set lost_first_date = days_ago(var('new_vendor_days') ~ ' + ' ~ var('standing_days') ~ ' - 1') %}
{% set lost_last_date = days_ago(var('new_vendor_days')) %}
{% set scopes = {
    'network': 'cast(null as ' ~ dbt.type_string() ~ ')',
    'branch': 'cast(branch_id as ' ~ dbt.type_string() ~ ')',
    'category': 'category',
} %}

with cells as (
    select * from {{ ref('int_procurement__cells_compared') }}
),

invoice_lines as (
    select * from {{ ref('invoice_lines') }}
),

items as (
    select * from {{ ref('stg_procurement__items') }}
),

vendors as (
    select * from {{ ref('stg_procurement__vendors') }}
),

branches as (
    select * from {{ ref('stg_procurement__branches') }}
),

categorised_cells as (
    select
        cells.*,
        items.category
    from cells
    left join items on cells.item_id = items.item_id
),

-- An invoice has one date and one branch.
categorised_invoices as (
    select
        invoice_lines.invoice_id,
        invoice_lines.vendor_id,
        items.category,
        min(invoice_lines.date) as date,
        min(invoice_lines.branch_id) as branch_id,
        bool_or(invoice_lines.quantity > 0 and invoice_lines.unit_price > 0) as is_purchase
    from invoice_lines
    left join items on invoice_lines.item_id = items.item_id
    where invoice_lines.date >= {{ lost_first_date }}
    group by invoice_lines.invoice_id, invoice_lines.vendor_id, items.category
),

vendor_invoices as (
    select
        invoice_id,
        vendor_id,
        min(date) as date,
        min(branch_id) as branch_id,
        bool_or(is_purchase) as is_purchase
    from categorised_invoices
    group by invoice_id, vendor_id
),

scoped_cells as (
    {% for scope, key_id in scopes.items() %}
        select
            '{{ scope }}' as scope,
            {{ key_id }} as key_id,
            vendor_id,
            item_id,
            branch_id,
            standing_amount,
            first_purchase_date
        from categorised_cells
        {% if scope == 'category' %}
            where
                exists (
                    select 1
                    from items as categorised_items
                    where categorised_items.category is not null
                )
        {% endif %}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

scoped_invoices as (
    {% for scope, key_id in scopes.items() %}
        select
            '{{ scope }}' as scope,
            {{ key_id }} as key_id,
            vendor_id,
            date,
            is_purchase
        from {{ 'categorised_invoices' if scope == 'category' else 'vendor_invoices' }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

totals as (
    select
        scope,
        key_id,
        vendor_id,
        sum(standing_amount) as total_amount,
        count(distinct item_id) filter (where standing_amount is not null) as item_count,
        count(distinct branch_id) filter (where standing_amount is not null)
        + max(case when branch_id is null and standing_amount is not null then 1 else 0 end) as branch_count,
        min(first_purchase_date) as first_purchase_date
    from scoped_cells
    group by scope, key_id, vendor_id
),

-- Each date once: to group is cheaper than to count distinct dates.
scoped_days as (
    select
        scope,
        key_id,
        vendor_id,
        date,
        count(*) as invoice_count,
        bool_or(is_purchase) as is_purchase
    from scoped_invoices
    group by scope, key_id, vendor_id, date
),

visits as (
    select
        scope,
        key_id,
        vendor_id,
        cast(
            sum(invoice_count) filter (where {{ within_last_days('date', var('standing_days')) }}) as bigint
        ) as invoice_count,
        max(date) filter (where is_purchase) as last_purchase_date,
        count(*) filter (where is_purchase and date <= {{ lost_last_date }}) as earlier_purchase_dates
    from scoped_days
    group by scope, key_id, vendor_id
),

keyed_totals as (
    select
        *,
        min(first_purchase_date) over (partition by scope, key_id) as key_first_purchase_date
    from totals
),

vendor_totals as (
    select
        keyed_totals.*,
        visits.invoice_count,
        visits.last_purchase_date,
        visits.earlier_purchase_dates,
        sum(keyed_totals.total_amount) filter (where keyed_totals.total_amount > 0) over in_key as key_amount,
        coalesce(
            sum(keyed_totals.total_amount) over (
                in_key
                order by keyed_totals.total_amount desc, keyed_totals.vendor_id asc nulls last
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as amount_before,
        rank() over (in_key order by keyed_totals.total_amount desc) as spend_rank
    from keyed_totals
    inner join visits
        on
            keyed_totals.scope = visits.scope
            and {{ same_text('keyed_totals.key_id', 'visits.key_id') }}
            and {{ same_key('keyed_totals.vendor_id', 'visits.vendor_id') }}
    where keyed_totals.total_amount is not null
    window in_key as (partition by keyed_totals.scope, keyed_totals.key_id)
),

vendor_standing as (
    select
        vendor_totals.scope,
        vendor_totals.key_id,
        case vendor_totals.scope
            when 'network' then 'All'
            when 'branch' then {{ dimension_name('vendor_totals.key_id', 'branches.branch_name') }}
            when 'category' then {{ dimension_name('vendor_totals.key_id', 'vendor_totals.key_id') }}
        end as key_name,
        vendor_totals.vendor_id,
        {{ dimension_name('vendor_totals.vendor_id', 'vendors.vendor_name') }} as vendor_name,
        vendor_totals.total_amount,
        vendor_totals.invoice_count,
        vendor_totals.item_count,
        vendor_totals.branch_count,
        case
            when vendor_totals.total_amount > 0
                then {{ ratio('vendor_totals.total_amount', 'vendor_totals.key_amount') }}
        end as spend_share,
        vendor_totals.spend_rank,
        {{
            spend_class('vendor_totals.total_amount', 'vendor_totals.amount_before', 'vendor_totals.key_amount')
        }} as class,
        coalesce(
            {{ within_last_days('vendor_totals.first_purchase_date', var('new_vendor_days')) }}
            and vendor_totals.key_first_purchase_date <= {{ days_ago(var('standing_days')) }},
            false
        ) as is_new,
        coalesce(
            vendor_totals.last_purchase_date <= {{ lost_last_date }}
            and vendor_totals.earlier_purchase_dates >= {{ var('lost_vendor_dates') }},
            false
        ) as is_lost,
        vendor_totals.invoice_count = 1 as is_one_off,
        {{ run_columns() }}
    from vendor_totals
    left join vendors on vendor_totals.vendor_id = vendors.vendor_id
    left join branches
        on
            vendor_totals.scope = 'branch'
            and vendor_totals.key_id = cast(branches.branch_id as {{ dbt.type_string() }})
)

select * from vendor_standing
