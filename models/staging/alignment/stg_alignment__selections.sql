{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_alignment', 'Selection') }}
)

select
    cast(id as text) as selection_id,
    cast("dealerId" as text) as dealer_id,
    cast("productId" as text) as product_id,
    cast(status as text) as status,
    cast(source as text) as source,
    {{ utc_timestamp('"createdAt"') }} as created_at
from source
