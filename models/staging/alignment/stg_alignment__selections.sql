{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_alignment', 'Selection') }}
)

select
    cast(id as {{ dbt.type_string() }}) as selection_id,
    cast("dealerId" as {{ dbt.type_string() }}) as dealer_id,
    cast("productId" as {{ dbt.type_string() }}) as product_id,
    cast(status as {{ dbt.type_string() }}) as status,
    cast(source as {{ dbt.type_string() }}) as source,
    {{ utc_timestamp('"createdAt"') }} as created_at
from source
