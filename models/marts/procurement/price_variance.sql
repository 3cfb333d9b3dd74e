{{ config(indexes=[{'columns': ['item_id']}]) }}

with price_snapshots as (
    select * from {{ ref('price_snapshots') }}
),

recent_snapshots as (
    select
        *,
        row_number() over (partition by item_id, vendor_id, branch_id order by snapshot_date desc) as recency
    from price_snapshots
    where {{ within_last_days('snapshot_date', var('price_variance_days')) }}
),

-- deviation = |price / network average - 1|, from sums and counts: two variances that differ in sign may be told apart
-- only beyond the last published decimal. 40 decimals tell any two apart.
newest_snapshots as (
    select
        *,
        {{
            rounded_quotient(
                'abs(price_sum * network_line_count - network_price_sum * line_count)',
                'network_price_sum * line_count',
                40,
            )
        }} as deviation
    from recent_snapshots
    where recency = 1
),

compared_snapshots as (
    select
        snapshot_date,
        item_id,
        item_name,
        vendor_id,
        vendor_name,
        branch_id,
        branch_name,
        price,
        line_count,
        quantity,
        network_avg_price,
        network_min_price,
        network_max_price,
        variance_from_avg_pct,
        cast(first_value(variance_from_avg_pct) over widest_first as numeric(38, 12)) as max_variance_pct,
        price_sum,
        network_price_sum,
        network_line_count,
        {{ run_columns() }}
    from newest_snapshots
    window widest_first as (
        partition by item_id, vendor_id
        order by deviation desc, variance_from_avg_pct desc
    )
)

select * from compared_snapshots
