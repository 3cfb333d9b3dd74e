{{ config(severity='error' if var('staging_materialized') == 'view' else 'warn') }}

{{
    staging_differences(
        'raw_procurement',
        {
            'Vendor': 'stg_procurement__vendors',
            'Branch': 'stg_procurement__branches',
            'Department': 'stg_procurement__departments',
            'CostCenter': 'stg_procurement__cost_centers',
            'Item': 'stg_procurement__items',
            'Invoice': 'stg_procurement__invoices',
            'InvoiceItem': 'stg_procurement__invoice_items',
            'PurchaseOrder': 'stg_procurement__purchase_orders',
        },
    )
}}
