with selections as (
    select * from {{ ref('stg_alignment__selections') }}
),

products as (
    select * from {{ ref('int_alignment__products_joined') }}
),

dated_selections as (
    select
        *,
        {{ business_date('created_at') }} as selected_on
    from selections
),

selections_joined as (
    select
        dated_selections.selection_id,
        products.vendor_id,
        dated_selections.dealer_id,
        products.collection_id,
        dated_selections.product_id,
        dated_selections.status,
        dated_selections.status in ('SELECTED', 'MUST_CARRY') as is_carrying,
        dated_selections.selected_on
    from dated_selections
    inner join products on dated_selections.product_id = products.product_id
    where {{ within_last_days('dated_selections.selected_on') }}
)

select * from selections_joined
