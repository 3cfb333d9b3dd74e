{{ config(severity='error' if var('staging_materialized') == 'view' else 'warn') }}

{{
    staging_differences(
        'raw_alignment',
        {
            'Dealer': 'stg_alignment__dealers',
            'Collection': 'stg_alignment__collections',
            'Product': 'stg_alignment__products',
            'Selection': 'stg_alignment__selections',
            'DisplayRecord': 'stg_alignment__displays',
            'DealerSale': 'stg_alignment__dealer_sales',
        },
    )
}}
