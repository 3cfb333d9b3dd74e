with dealers as (
    select * from {{ ref('alignment_outcomes') }}
),

counted as (
    select
        vendor_id,
        count(*) as advised_dealer_count,
        count(has_acted) as due_dealer_count,
        count(*) filter (where has_acted) as acting_dealer_count,
        cast(sum(add_count) as bigint) as add_count,
        cast(sum(add_pending_count) as bigint) as add_pending_count,
        cast(sum(add_due_count) as bigint) as add_due_count,
        cast(sum(add_carried_count) as bigint) as add_carried_count,
        cast(sum(drop_count) as bigint) as drop_count,
        cast(sum(drop_pending_count) as bigint) as drop_pending_count,
        cast(sum(drop_due_count) as bigint) as drop_due_count,
        cast(sum(drop_gone_count) as bigint) as drop_gone_count
    from dealers
    group by vendor_id
),

vendor_alignment_outcomes as (
    select
        vendor_id,
        advised_dealer_count,
        due_dealer_count,
        acting_dealer_count,
        {{ ratio('acting_dealer_count', 'nullif(due_dealer_count, 0)') }} as acting_dealer_share,
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
        {{ run_columns() }}
    from counted
)

select * from vendor_alignment_outcomes
