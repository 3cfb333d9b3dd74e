{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_procurement', 'PurchaseOrder') }}
)

select
    cast(id as integer) as purchase_order_id,
    cast("vendorId" as integer) as vendor_id,
    cast("branchId" as integer) as branch_id,
    cast(status as text) as status,
    {{ utc_timestamp('"orderedAt"') }} as ordered_at,
    cast(amount as numeric) as amount
from source
