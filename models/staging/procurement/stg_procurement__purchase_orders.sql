{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{
        source_rows(
            source('raw_procurement', 'PurchaseOrder'),
            required={
                'id': 'integer',
                'vendorId': 'integer',
                'branchId': 'integer',
                'status': 'text',
                'orderedAt': 'timestamp',
            },
            optional={'amount': 'numeric'},
        )
    }}
)

select
    id as purchase_order_id,
    vendor_id,
    branch_id,
    status,
    ordered_at,
    amount
from source
