with selections as (
    select * from {{ ref('int_alignment__selections_joined') }}
),

displays as (
    select * from {{ ref('int_alignment__displays_joined') }}
),

activities as (
    select
        vendor_id,
        dealer_id,
        collection_id,
        selected_on as happened_on,
        status,
        false as is_display,
        is_carrying
    from selections
    union all
    select
        vendor_id,
        dealer_id,
        collection_id,
        displayed_on as happened_on,
        cast(null as {{ dbt.type_string() }}) as status,
        true as is_display,
        true as is_carrying
    from displays
),

windowed as (
    select
        *,
        {{ within_last_days('happened_on', var('trend_window_days')) }} as is_in_trend_window,
        {{ within_last_days('happened_on', var('carry_window_days')) }} as is_in_carry_window
    from activities
),

dealer_collections_summarised as (
    select
        vendor_id,
        dealer_id,
        collection_id,
        count(*) filter (where is_display) as display_count,
        count(*) filter (where is_display and is_in_trend_window) as trend_display_count,
        count(*) filter (where is_carrying and not is_display and is_in_trend_window) as trend_carrying_selection_count,
        min(happened_on) filter (where is_carrying and is_in_carry_window) as carried_since,
        max(happened_on) filter (where is_display) as last_displayed_on,
        max(happened_on) filter (where is_carrying and not is_display) as last_selected_on,
        case
            when bool_or(status = 'MUST_CARRY') then 'MUST_CARRY'
            when bool_or(status = 'SELECTED') then 'SELECTED'
            when bool_or(status = 'INTERESTED') then 'INTERESTED'
            when bool_or(status = 'PASSED') then 'PASSED'
        end as highest_status
    from windowed
    group by vendor_id, dealer_id, collection_id
)

select * from dealer_collections_summarised
