{{ config(materialized='table') }}

with value_faults as (
    {{ source_faults('raw_alignment', 'Dealer') }}
    union all
    {{ source_faults('raw_alignment', 'Collection') }}
    union all
    {{ source_faults('raw_alignment', 'Product') }}
    union all
    {{ source_faults('raw_alignment', 'Selection') }}
    union all
    {{ source_faults('raw_alignment', 'DisplayRecord') }}
    union all
    {{ source_faults('raw_alignment', 'DealerSale') }}
),

selections as (
    select * from {{ ref('stg_alignment__selections') }}
),

displays as (
    select * from {{ ref('stg_alignment__displays') }}
),

dealer_sales as (
    select * from {{ ref('stg_alignment__dealer_sales') }}
),

dates as (
    select
        'Selection' as source_table,
        'createdAt' as column_name,
        selection_id as row_key,
        {{ business_date('created_at') }} as date
    from selections
    union all
    select
        'DisplayRecord' as source_table,
        'displayOrderDate' as column_name,
        display_id as row_key,
        {{ business_date('ordered_at') }} as date
    from displays
    union all
    select
        'DealerSale' as source_table,
        'soldAt' as column_name,
        sale_id as row_key,
        {{ business_date('sold_at') }} as date
    from dealer_sales
),

date_faults as (
    {{ date_faults('dates') }}
),

stale_faults as (
    {{ stale_faults('dates', 'DisplayRecord') }}
),

all_faults as (
    select * from value_faults
    union all
    select * from date_faults
    union all
    select * from stale_faults
),

faults as (
    select
        source_table,
        column_name,
        check_id,
        row_key,
        found_value,
        cast(sum(row_count) as bigint) as row_count,
        cast(sum(kept_out_count) as bigint) as kept_out_count
    from all_faults
    group by source_table, column_name, check_id, row_key, found_value
)

select * from faults
