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

-- Several rules may claim the same money (see `claim`): what was estimated and what came of it are counted apart.
claims as (
    select
        month,
        type,
        claim,
        rule_id,
        item_id,
        vendor_id,
        invoice_id,
        'savings' as measure,
        estimated_savings as amount
    from monthly
    where is_applied and estimated_savings is not null
    union all
    select
        month,
        type,
        claim,
        rule_id,
        item_id,
        vendor_id,
        invoice_id,
        'effect' as measure,
        realised_effect as amount
    from monthly
    where is_applied and realised_effect is not null
),

-- What one rule claims of an item: negotiations per vendor, everything else whoever is paid.
item_claims as (
    select
        month,
        type,
        measure,
        claim,
        item_id,
        case when claim = 'negotiate' then vendor_id end as vendor_id,
        case when claim <> 'switch' then rule_id end as rule_id,
        sum(amount) as amount
    from claims
    where claim in ('switch', 'consolidate', 'negotiate')
    group by
        month,
        type,
        measure,
        claim,
        item_id,
        case when claim = 'negotiate' then vendor_id end,
        case when claim <> 'switch' then rule_id end
),

ranked_claims as (
    select
        *,
        row_number() over (
            partition by month, type, measure, item_id
            order by amount desc, rule_id asc, vendor_id asc
        ) as place
    from item_claims
),

-- Of a vendor, what its items leave to it or a claim against all its prices.
vendor_parts as (
    select
        month,
        type,
        measure,
        vendor_id,
        amount as of_items,
        null as of_all
    from ranked_claims
    where place = 1
    union all
    select
        month,
        type,
        measure,
        vendor_id,
        null as of_items,
        amount as of_all
    from claims
    where claim = 'vendor'
),

-- Of an order of one item, the largest of its rules.
order_claims as (
    select
        month,
        type,
        measure,
        invoice_id,
        item_id,
        rule_id,
        sum(amount) as amount
    from claims
    where claim = 'order'
    group by month, type, measure, invoice_id, item_id, rule_id
),

orders as (
    select
        month,
        type,
        measure,
        invoice_id,
        item_id,
        max(amount) as amount
    from order_claims
    group by month, type, measure, invoice_id, item_id
),

-- Of an invoice, what its orders leave or a claim to all of it.
invoice_parts as (
    select
        month,
        type,
        measure,
        invoice_id,
        amount as of_orders,
        null as of_all
    from orders
    union all
    select
        month,
        type,
        measure,
        invoice_id,
        null as of_orders,
        amount as of_all
    from claims
    where claim = 'invoice'
),

counted as (
    select
        month,
        type,
        measure,
        greatest(sum(of_items), sum(of_all)) as amount
    from vendor_parts
    group by month, type, measure, vendor_id
    union all
    select
        month,
        type,
        measure,
        greatest(sum(of_orders), sum(of_all)) as amount
    from invoice_parts
    group by month, type, measure, invoice_id
    union all
    select
        month,
        type,
        measure,
        amount
    from claims
    where claim is null
),

totals as (
    select
        month,
        type,
        sum(amount) filter (where measure = 'savings') as applied_savings,
        sum(amount) filter (where measure = 'effect') as realised_effect
    from counted
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
),

adoption as (
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
)

select * from adoption
