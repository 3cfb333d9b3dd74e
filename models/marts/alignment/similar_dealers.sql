{{ config(indexes=[{'columns': ['dealer_id']}]) }}

with dealer_collections as (
    select * from {{ ref('int_alignment__dealer_collections_summarised') }}
),

dealers as (
    select * from {{ ref('stg_alignment__dealers') }}
),

carried as (
    select
        dealer_id,
        collection_id
    from dealer_collections
    where
        carried_since is not null
        and {{ var('enable_similar_dealers') }}
),

collections as (
    select distinct collection_id
    from carried
),

numbered_collections as (
    select
        collection_id,
        row_number() over (order by {{ by_code_points('collection_id') }}) - 1 as place,
        count(*) over () as place_count
    from collections
),

-- Each collection's set is written once, not once for each dealer that carries it.
single_collections as (
    select
        collection_id,
        {{ set_of('place', 'place_count') }} as collection_set
    from numbered_collections
    group by collection_id
),

collected as (
    select
        carried.dealer_id,
        {{ union_of('single_collections.collection_set') }} as collection_set
    from carried
    inner join single_collections on carried.collection_id = single_collections.collection_id
    group by carried.dealer_id
),

-- Numbers in the order of ids: a tie between two dealers is settled millions of times.
assortments as (
    select
        *,
        row_number() over (order by {{ by_code_points('dealer_id') }}) as dealer_number,
        {{ set_size('collection_set') }} as carried_count,
        max({{ set_size('collection_set') }}) over () as largest_count
    from collected
),

nearest as (
    select
        assortments.dealer_id,
        assortments.carried_count,
        closest.*
    from assortments
    cross join lateral (
        select
            other.dealer_id as similar_dealer_id,
            other.dealer_number as similar_dealer_number,
            other.carried_count as similar_carried_count,
            {{ shared_size('assortments.collection_set', 'other.collection_set') }} as shared_count,
            {{ closeness(
                shared_size('assortments.collection_set', 'other.collection_set'),
                'other.carried_count',
                'assortments.largest_count'
            ) }} as closeness
        from assortments as other
        where
            other.dealer_number <> assortments.dealer_number
            and {{ shared_size('assortments.collection_set', 'other.collection_set') }} > 0
        order by closeness desc, other.dealer_number asc
        limit {{ var('similar_dealers_listed') }}
    ) as closest
),

similar_dealers as (
    select
        nearest.dealer_id,
        dealers.dealer_name,
        nearest.similar_dealer_id,
        similar_dealers.dealer_name as similar_dealer_name,
        nearest.shared_count,
        nearest.carried_count,
        nearest.similar_carried_count,
        {{ cosine('nearest.shared_count', 'nearest.carried_count', 'nearest.similar_carried_count') }} as similarity,
        row_number() over (
            partition by nearest.dealer_id order by nearest.closeness desc, nearest.similar_dealer_number asc
        ) as similar_rank,
        {{ run_columns() }}
    from nearest
    left join dealers on nearest.dealer_id = dealers.dealer_id
    left join dealers as similar_dealers on nearest.similar_dealer_id = similar_dealers.dealer_id
)

select * from similar_dealers
