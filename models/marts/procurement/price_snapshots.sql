{{
    config(
        materialized='incremental',
        incremental_strategy=incremental_strategy('as_of_date'),
        unique_key='snapshot_date',
        partition_by='snapshot_date',
        full_refresh=false,
        on_schema_change='append_new_columns',
        indexes=[{'columns': ['snapshot_date']}],
    )
}}

with purchases as (
    select * from {{ ref('invoice_lines') }}
    where {{ is_purchase() }}
),

group_prices as (
    select
        item_id,
        item_name,
        vendor_id,
        vendor_name,
        branch_id,
        branch_name,
        sum(unit_price) as price_sum,
        count(*) as line_count,
        sum(quantity) as quantity,
        min(unit_price) as min_price,
        max(unit_price) as max_price
    from purchases
    where {{ within_last_days('date', var('price_window_days')) }}
    group by
        item_id,
        item_name,
        vendor_id,
        vendor_name,
        branch_id,
        branch_name
),

network_prices as (
    select
        item_id,
        sum(price_sum) as price_sum,
        cast(sum(line_count) as bigint) as line_count,
        min(min_price) as min_price,
        max(max_price) as max_price
    from group_prices
    group by item_id
),

price_snapshots as (
    select
        {{ as_of() }} as snapshot_date,
        group_prices.item_id,
        group_prices.item_name,
        group_prices.vendor_id,
        group_prices.vendor_name,
        group_prices.branch_id,
        group_prices.branch_name,
        {{ ratio('group_prices.price_sum', 'group_prices.line_count') }} as price,
        group_prices.line_count,
        group_prices.quantity,
        {{ ratio('network_prices.price_sum', 'network_prices.line_count') }} as network_avg_price,
        network_prices.min_price as network_min_price,
        network_prices.max_price as network_max_price,
        {{
            ratio(
                '100 * (group_prices.price_sum * network_prices.line_count'
                ~ ' - network_prices.price_sum * group_prices.line_count)',
                'network_prices.price_sum * group_prices.line_count',
            )
        }} as variance_from_avg_pct,
        group_prices.price_sum,
        network_prices.price_sum as network_price_sum,
        network_prices.line_count as network_line_count,
        {{ run_columns() }}
    from group_prices
    inner join network_prices on group_prices.item_id = network_prices.item_id
)

select * from price_snapshots
