{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{
        source_rows(
            source('raw_procurement', 'PurchaseOrder'),
            {'id': 'integer', 'vendorId': 'integer', 'branchId': 'integer', 'status': 'text', 'orderedAt': 'timestamp'},
        )
    }}
)

select
    id as purchase_order_id,
    vendor_id,
    branch_id,
    status,
    ordered_at
from source
