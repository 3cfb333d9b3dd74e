with advice as (
    select * from {{ ref('alignment_advice_outcomes') }}
),

counted as (
    select
        vendor_id,
        dealer_id,
        min(dealer_name) as dealer_name,
        count(*) filter (where type = 'ADD') as add_count,
        count(*) filter (where type = 'ADD' and not is_due) as add_pending_count,
        count(*) filter (where type = 'ADD' and is_due) as add_due_count,
        count(*) filter (where type = 'ADD' and is_due and is_followed_in_time) as add_carried_count,
        count(*) filter (where type = 'DROP') as drop_count,
        count(*) filter (where type = 'DROP' and not is_due) as drop_pending_count,
        count(*) filter (where type = 'DROP' and is_due) as drop_due_count,
        count(*) filter (where type = 'DROP' and is_due and is_followed_in_time) as drop_gone_count,
        bool_or(is_followed_in_time) filter (where is_due) as has_acted
    from advice
    group by vendor_id, dealer_id
),

alignment_outcomes as (
    select
        vendor_id,
        dealer_id,
        dealer_name,
        add_count,
        add_pending_count,
        add_due_count,
        add_carried_count,
        {{ ratio('add_carried_count', 'nullif(add_due_count, 0)') }} as add_carried_share,
        drop_count,
        drop_pending_count,
        drop_due_count,
        drop_gone_count,
        {{ ratio('drop_gone_count', 'nullif(drop_due_count, 0)') }} as drop_gone_share,
        has_acted,
        {{ run_columns() }}
    from counted
)

select * from alignment_outcomes
