-- Kept apart by domain, because an error in one keeps that one from being published.
with source_quality as (
    select * from {{ ref('source_quality') }}
),

errors as (
    select *
    from source_quality
    where
        severity = 'error'
        and source_table in (
            'Dealer',
            'Collection',
            'Product',
            'Selection',
            'DisplayRecord',
            'DealerSale'
        )
)

select * from errors
