{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{
        source_rows(
            source('raw_procurement', 'InvoiceItem'),
            {'id': 'integer', 'invoiceId': 'integer', 'itemId': 'integer', 'quantity': 'numeric', 'price': 'numeric'},
        )
    }}
)

select
    id as line_id,
    invoice_id,
    item_id,
    quantity,
    price as unit_price
from source
