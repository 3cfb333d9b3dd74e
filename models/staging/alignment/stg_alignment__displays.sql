{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_alignment', 'DisplayRecord') }}
)

select
    cast(id as {{ dbt.type_string() }}) as display_id,
    cast("dealerId" as {{ dbt.type_string() }}) as dealer_id,
    cast("productId" as {{ dbt.type_string() }}) as product_id,
    {{ utc_timestamp('"displayOrderDate"') }} as ordered_at,
    cast("sourceMarket" as {{ dbt.type_string() }}) as source_market,
    cast("newToDealer" as boolean) as new_to_dealer
from source
