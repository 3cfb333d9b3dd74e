{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_alignment', 'Dealer') }}
)

select
    cast(id as text) as dealer_id,
    cast(name as text) as dealer_name,
    cast(region as text) as region,
    cast("dealerType" as text) as dealer_type
from source
