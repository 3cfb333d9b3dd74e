{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_alignment', 'Dealer') }}
)

select
    cast(id as {{ dbt.type_string() }}) as dealer_id,
    cast(name as {{ dbt.type_string() }}) as dealer_name,
    cast(region as {{ dbt.type_string() }}) as region,
    cast("dealerType" as {{ dbt.type_string() }}) as dealer_type
from source
