with advice as (
    select * from {{ ref('stg_fieldlab__alignment_advice') }}
),

positions as (
    select * from {{ ref('dealer_collection_positions') }}
),

dealers as (
    select * from {{ ref('stg_alignment__dealers') }}
),

collections as (
    select * from {{ ref('stg_alignment__collections') }}
),

carried as (
    select
        dealer_id,
        collection_id,
        carried_since
    from positions
    where is_carried
),

compared as (
    select
        advice.vendor_id,
        advice.dealer_id,
        dealers.dealer_name,
        advice.collection_id,
        collections.collection_name,
        advice.type,
        advice.first_advised,
        advice.last_advised,
        advice.followed_on as seen_followed_on,
        cast({{ dbt.dateadd('day', var('advice_follow_days'), 'advice.first_advised') }} as date) as due_on,
        carried.carried_since,
        case
            -- A collection that is no longer there was not dropped by the dealer.
            when advice.type = 'DROP' then carried.collection_id is null and collections.collection_id is not null
            else carried.collection_id is not null
        end as is_followed_now
    from advice
    left join carried
        on
            advice.dealer_id = carried.dealer_id
            and advice.collection_id = carried.collection_id
    left join dealers on advice.dealer_id = dealers.dealer_id
    left join collections on advice.collection_id = collections.collection_id
    where
        advice.type in ('ADD', 'DROP')
        and advice.first_advised <= {{ as_of() }}
),

followed as (
    select
        *,
        case
            when seen_followed_on is not null
                then case when seen_followed_on <= {{ as_of() }} then seen_followed_on end
            -- It was still advised later, so it cannot have been followed by now.
            when last_advised > {{ as_of() }} then null
            -- A selection carries the date it was first made on, whatever its status was then: a date before the advice
            -- says that the status changed since, and not when.
            when is_followed_now and type = 'ADD' and carried_since >= first_advised then carried_since
            when is_followed_now then {{ as_of() }}
        end as followed_on
    from compared
),

alignment_advice_outcomes as (
    select
        vendor_id,
        dealer_id,
        dealer_name,
        collection_id,
        collection_name,
        type,
        first_advised,
        last_advised,
        due_on,
        due_on <= {{ as_of() }} as is_due,
        followed_on,
        coalesce(followed_on <= due_on, false) as is_followed_in_time,
        {{ run_columns() }}
    from followed
)

select * from alignment_advice_outcomes
