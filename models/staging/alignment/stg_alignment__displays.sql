{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_alignment', 'DisplayRecord') }}
)

select
    cast(id as text) as display_id,
    cast("dealerId" as text) as dealer_id,
    cast("productId" as text) as product_id,
    {{ utc_timestamp('"displayOrderDate"') }} as ordered_at,
    cast("sourceMarket" as text) as source_market,
    cast("newToDealer" as boolean) as new_to_dealer
from source
