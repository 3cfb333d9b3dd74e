{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{
        source_rows(
            source('raw_procurement', 'Invoice'),
            required={
                'id': 'integer',
                'date': 'timestamp',
                'status': 'text',
                'branchId': 'integer',
                'departmentId': 'integer',
                'costCenterId': 'integer',
                'deletedAt': 'timestamp',
            },
            optional={
                'vendorId': 'integer',
                'purchaseOrderId': 'integer',
                'updatedAt': 'timestamp',
                'invoiceNumber': 'text',
            },
        )
    }}
)

select
    id as invoice_id,
    date as invoiced_at,
    status,
    branch_id,
    department_id,
    cost_center_id,
    deleted_at,
    vendor_id,
    purchase_order_id,
    updated_at,
    invoice_number
from source
