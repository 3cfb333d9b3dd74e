-- The history of the as-of date holds what the marts of that date say: every dealer's score, every collection's trend.
with dealer_influence as (
    select * from {{ ref('dealer_influence') }}
),

dealer_influence_history as (
    select * from {{ ref('dealer_influence_history') }}
),

collection_trends as (
    select * from {{ ref('collection_trends') }}
),

collection_trend_history as (
    select * from {{ ref('collection_trend_history') }}
),

found as (
    select
        vendor_id,
        dealer_id as thing_id,
        score as measured
    from dealer_influence
    where as_of = {{ as_of() }}
    union all
    select
        vendor_id,
        collection_id as thing_id,
        raw_trend as measured
    from collection_trends
    where as_of = {{ as_of() }}
),

kept as (
    select
        vendor_id,
        dealer_id as thing_id,
        score as measured
    from dealer_influence_history
    where as_of = {{ as_of() }}
    union all
    select
        vendor_id,
        collection_id as thing_id,
        raw_trend as measured
    from collection_trend_history
    where as_of = {{ as_of() }}
),

lost as (
    select * from found
    except all
    select * from kept
),

invented as (
    select * from kept
    except all
    select * from found
)

select * from lost
union all
select * from invented
