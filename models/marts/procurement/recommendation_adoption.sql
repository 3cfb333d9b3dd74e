with outcomes as (
    select * from {{ ref('recommendation_outcomes') }}
),

monthly as (
    select
        *,
        cast({{ dbt.date_trunc('month', 'raised_on') }} as date) as month,
        status = 'APPLIED' as is_applied,
        status in ('PENDING', 'VIEWED') as is_open
    from outcomes
),

-- Several price rules may claim the same money. Of an item's, the largest claim counts: all of one rule, and, where a
-- rule is about vendors, of one vendor.
claims as (
    select
        month,
        type,
        is_price_rule,
        item_id,
        rule_id,
        vendor_id,
        sum(estimated_savings) as savings,
        sum(realised_effect) as effect
    from monthly
    where is_applied
    group by month, type, is_price_rule, item_id, rule_id, vendor_id
),

item_totals as (
    select
        month,
        type,
        case when is_price_rule then max(savings) else sum(savings) end as savings,
        case when is_price_rule then max(effect) else sum(effect) end as effect
    from claims
    group by month, type, is_price_rule, item_id
),

totals as (
    select
        month,
        type,
        sum(savings) as applied_savings,
        sum(effect) as realised_effect
    from item_totals
    group by month, type
),

counts as (
    select
        month,
        type,
        min(category) as category,
        count(*) as raised_count,
        count(*) filter (where viewed_on is not null) as viewed_count,
        count(*) filter (where is_open) as open_count,
        count(*) filter (where status = 'DISMISSED') as dismissed_count,
        count(*) filter (where is_applied) as applied_count,
        count(*) filter (where status = 'EXPIRED') as expired_count,
        count(realised_effect) as measured_count,
        -- Every type has one.
        min(savings_basis) as savings_basis
    from monthly
    group by month, type
)

select
    counts.month,
    counts.type,
    counts.category,
    counts.raised_count,
    counts.viewed_count,
    counts.open_count,
    counts.dismissed_count,
    counts.applied_count,
    counts.expired_count,
    {{ ratio('counts.applied_count', 'nullif(counts.raised_count - counts.open_count, 0)') }} as adoption_share,
    counts.savings_basis,
    totals.applied_savings,
    counts.measured_count,
    totals.realised_effect,
    {{ run_columns() }}
from counts
left join totals
    on
        counts.month = totals.month
        and counts.type = totals.type
