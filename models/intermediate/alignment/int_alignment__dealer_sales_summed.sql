with sales as (
    select * from {{ ref('stg_alignment__dealer_sales') }}
),

products as (
    select * from {{ ref('int_alignment__products_joined') }}
),

dated_sales as (
    select
        *,
        {{ business_date('sold_at') }} as sold_on
    from sales
),

dealer_sales_summed as (
    select
        products.vendor_id,
        dated_sales.dealer_id,
        sum(dated_sales.amount) as amount
    from dated_sales
    inner join products on dated_sales.product_id = products.product_id
    where {{ within_last_days('dated_sales.sold_on', var('sales_window_days')) }}
    group by products.vendor_id, dated_sales.dealer_id
)

select * from dealer_sales_summed
