{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_procurement', 'PurchaseOrder') }}
)

select
    cast(id as integer) as purchase_order_id,
    cast("vendorId" as integer) as vendor_id,
    cast("branchId" as integer) as branch_id,
    cast(status as {{ dbt.type_string() }}) as status,
    {{ utc_timestamp('"orderedAt"') }} as ordered_at,
    cast(amount as {{ exact_type() }}) as amount
from source
