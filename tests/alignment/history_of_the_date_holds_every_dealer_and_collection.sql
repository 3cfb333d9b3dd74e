-- The history of the as-of date holds what the marts of that date say: every dealer's score and every collection's trend.
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
        'dealer' as kind,
        vendor_id,
        dealer_id as id,
        score as value
    from dealer_influence
    where as_of = {{ as_of() }}
    union all
    select
        'collection' as kind,
        vendor_id,
        collection_id as id,
        raw_trend as value
    from collection_trends
    where as_of = {{ as_of() }}
),

kept as (
    select
        'dealer' as kind,
        vendor_id,
        dealer_id as id,
        score as value
    from dealer_influence_history
    where as_of = {{ as_of() }}
    union all
    select
        'collection' as kind,
        vendor_id,
        collection_id as id,
        raw_trend as value
    from collection_trend_history
    where as_of = {{ as_of() }}
)

select *
from found
full outer join kept using (kind, vendor_id, id)
where found.value is distinct from kept.value
