-- On every row the effects are the change; over a period's rows the change is that of all invoice lines; and an item
-- bought in both halves is neither new nor lost.
with spend_bridge as (
    select * from {{ ref('spend_bridge') }}
),

branch_days as (
    select * from {{ ref('int_procurement__branch_days_totalled') }}
),

items as (
    select
        period,
        item_id,
        starts_on,
        ends_on,
        before_starts_on,
        before_ends_on,
        sum(change) as change,
        sum(quantity_before) as quantity_before,
        sum(quantity_now) as quantity_now,
        bool_or(new_item_effect <> 0) as is_new,
        bool_or(lost_item_effect <> 0) as is_lost,
        bool_or(
            change <> amount_now - amount_before
            or change
            <> price_effect + mix_effect + volume_effect + new_item_effect + lost_item_effect + other_effect
        ) as is_incomplete
    from spend_bridge
    group by period, item_id, starts_on, ends_on, before_starts_on, before_ends_on
),

periods as (
    select
        period,
        starts_on,
        ends_on,
        before_starts_on,
        before_ends_on,
        sum(change) as change
    from items
    group by period, starts_on, ends_on, before_starts_on, before_ends_on
),

changes as (
    select
        periods.period,
        periods.change,
        sum(
            case
                when branch_days.date between periods.starts_on and periods.ends_on then branch_days.total_amount
                when branch_days.date between periods.before_starts_on and periods.before_ends_on
                    then -branch_days.total_amount
                else 0
            end
        ) as change_of_lines
    from periods
    cross join branch_days
    group by periods.period, periods.change
)

select
    period,
    item_id
from items
where
    is_incomplete
    or (quantity_before > 0 and quantity_now > 0 and (is_new or is_lost))
    or (is_new and is_lost)
union all
select
    period,
    cast(null as integer) as item_id
from changes
where change <> change_of_lines
