{{ config(indexes=[{'columns': ['item_id']}, {'columns': ['vendor_id']}, {'columns': ['branch_id']}]) }}

{% set periods = spending_periods() %}

with cells as (
    select * from {{ ref('int_procurement__cells_compared') }}
),

branch_days as (
    select * from {{ ref('int_procurement__branch_days_totalled') }}
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

history as (
    select min(date) as first_date
    from branch_days
),

periods as (
    {% for period, (starts_on, ends_on, before_starts_on, before_ends_on) in periods.items() %}
        select
            '{{ period }}' as period,
            {{ starts_on }} as starts_on,
            {{ ends_on }} as ends_on,
            {{ before_starts_on }} as before_starts_on,
            {{ before_ends_on }} as before_ends_on
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

-- Without purchases in a half, quantity and purchase amount are 0.
compared_cells as (
    {% for period in periods %}
        select
            '{{ period }}' as period,
            item_id,
            vendor_id,
            branch_id,
            coalesce({{ period }}_quantity_before, 0) as quantity_before,
            coalesce({{ period }}_quantity_now, 0) as quantity_now,
            coalesce({{ period }}_purchase_amount_before, 0) as purchase_amount_before,
            coalesce({{ period }}_purchase_amount_now, 0) as purchase_amount_now,
            coalesce({{ period }}_amount_before, 0) as amount_before,
            coalesce({{ period }}_amount_now, 0) as amount_now
        from cells
        where
            {{ period }}_amount_before is not null
            or {{ period }}_amount_now is not null
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

item_totals as (
    select
        period,
        item_id,
        sum(quantity_before) as quantity_before,
        sum(quantity_now) as quantity_now,
        sum(purchase_amount_before) as purchase_amount_before
    from compared_cells
    group by period, item_id
),

-- change = volume + price + mix + new item + lost item + other effect
-- volume effect = (q1 - q0) * A0 / Q0, at the item's earlier mean price
-- price effect = a1 - q1 * a0 / q0, at the cell's own earlier mean price
effects as (
    select
        compared_cells.*,
        compared_cells.amount_now - compared_cells.amount_before as change,
        compared_cells.purchase_amount_now - compared_cells.purchase_amount_before as purchase_change,
        item_totals.quantity_before > 0 and item_totals.quantity_now > 0 as is_in_both,
        case
            when
                item_totals.quantity_now > 0
                and compared_cells.quantity_before > 0
                and compared_cells.quantity_now > 0
                then
                    compared_cells.purchase_amount_now
                    - {{
                        rounded_quotient(
                            'compared_cells.quantity_now * compared_cells.purchase_amount_before',
                            'compared_cells.quantity_before',
                            12,
                        )
                    }}
            else 0
        end as price_effect,
        case
            when
                item_totals.quantity_before > 0
                and item_totals.quantity_now > 0
                and compared_cells.quantity_now <> compared_cells.quantity_before
                then {{
                    rounded_quotient(
                        '(compared_cells.quantity_now - compared_cells.quantity_before)'
                        ~ ' * item_totals.purchase_amount_before',
                        'item_totals.quantity_before',
                        12,
                    )
                }}
            else 0
        end as volume_effect,
        case
            when item_totals.quantity_before = 0 then compared_cells.purchase_amount_now
            else 0
        end as new_item_effect,
        case
            when item_totals.quantity_now = 0 then -compared_cells.purchase_amount_before
            else 0
        end as lost_item_effect
    from compared_cells
    inner join item_totals
        on
            compared_cells.period = item_totals.period
            and compared_cells.item_id = item_totals.item_id
),

spend_bridge as (
    select
        effects.period,
        periods.starts_on,
        periods.ends_on,
        periods.before_starts_on,
        periods.before_ends_on,
        history.first_date <= periods.before_starts_on as before_is_complete,
        effects.item_id,
        items.item_name,
        effects.vendor_id,
        {{ dimension_name('effects.vendor_id', 'vendors.vendor_name') }} as vendor_name,
        effects.branch_id,
        {{ dimension_name('effects.branch_id', 'branches.branch_name') }} as branch_name,
        effects.quantity_before,
        effects.quantity_now,
        effects.purchase_amount_before,
        effects.purchase_amount_now,
        effects.amount_before,
        effects.amount_now,
        effects.change,
        effects.price_effect,
        -- What is left of the change: more bought where it costs more, or less.
        case
            when effects.is_in_both then effects.purchase_change - effects.price_effect - effects.volume_effect
            else 0
        end as mix_effect,
        effects.volume_effect,
        effects.new_item_effect,
        effects.lost_item_effect,
        effects.change - effects.purchase_change as other_effect,
        {{ run_columns() }}
    from effects
    inner join periods on effects.period = periods.period
    cross join history
    left join items on effects.item_id = items.item_id
    left join vendors on effects.vendor_id = vendors.vendor_id
    left join branches on effects.branch_id = branches.branch_id
)

select * from spend_bridge
