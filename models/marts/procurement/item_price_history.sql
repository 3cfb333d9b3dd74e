{{
    config(
        materialized='incremental',
        incremental_strategy=incremental_strategy('as_of_date'),
        unique_key='as_of',
        partition_by='as_of',
        full_refresh=false,
        on_schema_change='append_new_columns',
        indexes=[{'columns': ['as_of', 'price_key'], 'unique': true}],
    )
}}

with purchases as (
    select * from {{ ref('invoice_lines') }}
    where {{ is_purchase() }}
),

day_totals as (
    select
        item_id,
        item_name,
        vendor_id,
        vendor_name,
        date,
        sum(amount) as total_amount,
        sum(quantity) as quantity,
        count(*) as line_count
    from purchases
    where {{ within_last_days('date', var('price_window_days')) }}
    group by
        item_id,
        item_name,
        vendor_id,
        vendor_name,
        date
),

dated_totals as (
    select
        *,
        max(date) over (partition by item_id, vendor_id) as newest_purchase_date
    from day_totals
),

window_totals as (
    select
        item_id,
        item_name,
        vendor_id,
        vendor_name,
        newest_purchase_date,
        sum(total_amount) filter (where date = newest_purchase_date) as newest_amount,
        sum(quantity) filter (where date = newest_purchase_date) as newest_quantity,
        sum(total_amount) as total_amount,
        sum(quantity) as quantity,
        cast(sum(line_count) as bigint) as line_count
    from dated_totals
    group by
        item_id,
        item_name,
        vendor_id,
        vendor_name,
        newest_purchase_date
),

prices_of_date as (
    select
        {{ dimension_text('item_id') }} || '|' || {{ dimension_text('vendor_id') }} as price_key,
        item_id,
        item_name,
        vendor_id,
        vendor_name,
        newest_purchase_date,
        {{ ratio('newest_amount', 'newest_quantity') }} as newest_price,
        {{ ratio('total_amount', 'quantity') }} as mean_price,
        total_amount,
        quantity,
        line_count,
        {{ run_columns() }}
    from window_totals
)

select * from prices_of_date
