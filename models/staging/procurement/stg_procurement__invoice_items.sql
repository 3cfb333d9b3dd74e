{{ config(materialized=var('staging_materialized')) }}

with source as (
    {{ source_rows('raw_procurement', 'InvoiceItem') }}
)

select
    cast(id as integer) as line_id,
    cast("invoiceId" as integer) as invoice_id,
    cast("itemId" as integer) as item_id,
    cast(quantity as {{ exact_type() }}) as quantity,
    cast(price as {{ exact_type() }}) as unit_price
from source
