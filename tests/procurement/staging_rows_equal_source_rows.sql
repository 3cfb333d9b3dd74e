{#- Each row of the application's tables is staged once. Staging tables may lag behind a live application, views
    cannot. -#}
{{ config(severity='error' if var('staging_materialized') == 'view' else 'warn') }}

with counts as (
    {%- for source_table, staging_model in [
        ('Vendor', 'stg_procurement__vendors'),
        ('Branch', 'stg_procurement__branches'),
        ('Department', 'stg_procurement__departments'),
        ('CostCenter', 'stg_procurement__cost_centers'),
        ('Item', 'stg_procurement__items'),
        ('Invoice', 'stg_procurement__invoices'),
        ('InvoiceItem', 'stg_procurement__invoice_items'),
        ('PurchaseOrder', 'stg_procurement__purchase_orders'),
    ] %}
        select
            '{{ source_table }}' as source_table,
            {{ source_row_count(source('raw_procurement', source_table)) }} as source_rows,
            (select count(*) from {{ ref(staging_model) }}) as staged_rows
        {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select *
from counts
where source_rows <> staged_rows
