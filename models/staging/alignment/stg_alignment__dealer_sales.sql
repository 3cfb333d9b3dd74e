{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_alignment', 'DealerSale') }}
)

select
    cast(id as text) as sale_id,
    cast("dealerId" as text) as dealer_id,
    cast("productId" as text) as product_id,
    {{ utc_timestamp('"soldAt"') }} as sold_at,
    cast(amount as numeric) as amount
from source
