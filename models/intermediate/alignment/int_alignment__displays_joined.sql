with displays as (
    select * from {{ ref('stg_alignment__displays') }}
),

products as (
    select * from {{ ref('int_alignment__products_joined') }}
),

dated_displays as (
    select
        *,
        {{ business_date('ordered_at') }} as displayed_on
    from displays
),

displays_joined as (
    select
        dated_displays.display_id,
        products.vendor_id,
        dated_displays.dealer_id,
        products.collection_id,
        dated_displays.product_id,
        dated_displays.source_market,
        dated_displays.displayed_on
    from dated_displays
    inner join products on dated_displays.product_id = products.product_id
    where {{ within_last_days('dated_displays.displayed_on') }}
)

select * from displays_joined
