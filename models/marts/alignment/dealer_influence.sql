with scored as (
    select * from {{ ref('int_alignment__dealers_scored') }}
),

dealers as (
    select * from {{ ref('stg_alignment__dealers') }}
)

select
    scored.vendor_id,
    scored.dealer_id,
    dealers.dealer_name,
    dealers.region,
    dealers.dealer_type,
    scored.annual_sales,
    scored.sales_basis,
    scored.display_count,
    scored.collection_count,
    scored.market_visit_count,
    scored.sales_volume_score,
    scored.display_breadth_score,
    scored.market_participation_score,
    scored.score,
    scored.influence_rank,
    scored.is_trendsetter,
    {{ run_columns() }}
from scored
left join dealers on scored.dealer_id = dealers.dealer_id
