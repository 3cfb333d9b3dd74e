with recommendations as (
    select * from {{ ref('stg_fieldlab__recommendations') }}
),

events as (
    select * from {{ ref('stg_fieldlab__recommendation_events') }}
),

dated_events as (
    select
        events.event_id,
        events.recommendation_id,
        events.actor,
        events.to_status,
        events.reason,
        -- An expiry that a rollback took back is no end: the next step opens the recommendation again.
        events.to_status in ('DISMISSED', 'APPLIED', 'EXPIRED')
        and coalesce(
            lead(events.to_status) over (partition by events.recommendation_id order by events.event_id)
            not in ('PENDING', 'VIEWED'),
            true
        ) as is_end,
        -- The clock is the last resort: under an as-of in the past it is another day.
        coalesce(
            events.occurred_as_of,
            case when events.to_status in ('DISMISSED', 'APPLIED') then recommendations.decided_as_of end,
            {{ business_date('events.occurred_at') }}
        ) as happened_on
    from events
    inner join recommendations on events.recommendation_id = recommendations.recommendation_id
),

steps as (
    select
        recommendation_id,
        min(happened_on) filter (where to_status = 'VIEWED') as viewed_on,
        min(happened_on) filter (where is_end) as ended_on,
        min(to_status) filter (where is_end) as end_status,
        min(actor) filter (where is_end) as ended_by,
        min(reason) filter (where is_end) as end_reason
    from dated_events
    where happened_on <= {{ as_of() }}
    group by recommendation_id
),

dated as (
    select
        recommendations.*,
        coalesce(recommendations.raised_as_of, recommendations.found_as_of) as raised_on,
        -- The first day on which it no longer holds.
        {{ business_date('recommendations.expires_at') }} as expires_on
    from recommendations
),

judged as (
    select
        dated.*,
        steps.viewed_on,
        steps.ended_on,
        steps.ended_by,
        steps.end_reason,
        case
            when steps.end_status is not null then steps.end_status
            when dated.expires_on <= {{ as_of() }} then 'EXPIRED'
            when steps.viewed_on is not null then 'VIEWED'
            else 'PENDING'
        end as status
    from dated
    left join steps on dated.recommendation_id = steps.recommendation_id
    where
        dated.raised_on <= {{ as_of() }}
        -- What a rollback withdrew was never published.
        and not coalesce(steps.end_status = 'EXPIRED' and steps.end_reason = 'rolled back', false)
),

recommendations_dated as (
    select
        recommendation_id,
        rule_id,
        type,
        category,
        title,
        priority,
        confidence_score,
        estimated_savings,
        expected_savings,
        savings_basis,
        decision_key,
        claim,
        item_id,
        vendor_id,
        branch_id,
        invoice_id,
        status,
        raised_on,
        viewed_on,
        case when status in ('DISMISSED', 'APPLIED') then ended_on end as decided_on,
        case when status in ('DISMISSED', 'APPLIED') then ended_by end as decided_by,
        case
            when status in ('DISMISSED', 'APPLIED') then ended_on
            -- It may have been marked some days after its time was over.
            when status = 'EXPIRED' then least(coalesce(ended_on, expires_on), expires_on)
        end as closed_on,
        case
            when status = 'EXPIRED' then coalesce(end_reason, 'its time has passed')
            else end_reason
        end as closing_reason,
        named_price is not null as is_price_rule,
        named_price,
        target_price
    from judged
)

select * from recommendations_dated
