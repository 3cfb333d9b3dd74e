with scored as (
    select * from {{ ref('int_alignment__dealers_scored') }}
),

dealers as (
    select * from {{ ref('stg_alignment__dealers') }}
),

components as (
    select * from {{ ref('int_alignment__components_labelled') }}
),

standings as (
    select * from {{ ref('int_alignment__centrality_iterated') }}
),

placed as (
    select
        scored.vendor_id,
        scored.dealer_id,
        dealers.dealer_name,
        components.component_id,
        coalesce(components.component_dealer_count, 0) as component_dealer_count,
        standings.standing,
        standings.moved
    from scored
    left join dealers on scored.dealer_id = dealers.dealer_id
    left join components
        on
            scored.vendor_id = components.vendor_id
            and scored.dealer_id = components.dealer_id
    left join standings on components.dealer_number = standings.dealer_number
    where {{ var('enable_centrality') }}
),

dealer_centrality as (
    select
        vendor_id,
        dealer_id,
        dealer_name,
        component_id,
        component_dealer_count,
        case when component_dealer_count >= {{ var('centrality_min_dealers') }} then standing end as centrality,
        case when component_dealer_count >= {{ var('centrality_min_dealers') }} then moved end as moved,
        {{ run_columns() }}
    from placed
)

select * from dealer_centrality
