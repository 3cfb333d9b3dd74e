{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_procurement', 'Invoice') }}
)

select
    cast(id as integer) as invoice_id,
    {{ utc_timestamp('date') }} as invoiced_at,
    cast(status as {{ dbt.type_string() }}) as status,
    cast("branchId" as integer) as branch_id,
    cast("departmentId" as integer) as department_id,
    cast("costCenterId" as integer) as cost_center_id,
    {{ utc_timestamp('"deletedAt"') }} as deleted_at,
    cast("vendorId" as integer) as vendor_id,
    cast("purchaseOrderId" as integer) as purchase_order_id,
    {{ utc_timestamp('"updatedAt"') }} as updated_at,
    cast("invoiceNumber" as {{ dbt.type_string() }}) as invoice_number
from source
