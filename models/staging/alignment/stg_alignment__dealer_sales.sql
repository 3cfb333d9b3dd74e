{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_alignment', 'DealerSale') }}
)

select
    cast(id as {{ dbt.type_string() }}) as sale_id,
    cast("dealerId" as {{ dbt.type_string() }}) as dealer_id,
    cast("productId" as {{ dbt.type_string() }}) as product_id,
    {{ utc_timestamp('"soldAt"') }} as sold_at,
    cast(amount as {{ exact_type() }}) as amount
from source
