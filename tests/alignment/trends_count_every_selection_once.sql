-- Collections whose trend is not the sum over their products, or whose selections are not those of the window.
with selections as (
    select * from {{ ref('int_alignment__selections_joined') }}
),

skus as (
    select * from {{ ref('sku_trends') }}
),

collections as (
    select * from {{ ref('collection_trends') }}
),

selected as (
    select
        collection_id,
        count(*) as selection_count
    from selections
    where {{ within_last_days('selected_on', var('trend_window_days')) }}
    group by collection_id
),

sku_totals as (
    select
        collection_id,
        sum(raw_trend) as raw_trend,
        sum(selection_count) as selection_count,
        count(*) as sku_count
    from skus
    group by collection_id
)

select
    collections.collection_id,
    collections.raw_trend,
    sku_totals.raw_trend as sku_raw_trend,
    collections.selection_count,
    sku_totals.selection_count as sku_selection_count,
    selected.selection_count as selected_count
from collections
left join sku_totals on collections.collection_id = sku_totals.collection_id
left join selected on collections.collection_id = selected.collection_id
where
    collections.raw_trend != coalesce(sku_totals.raw_trend, 0)
    or collections.selection_count != coalesce(sku_totals.selection_count, 0)
    or collections.selection_count != coalesce(selected.selection_count, 0)
    or collections.sku_count != coalesce(sku_totals.sku_count, 0)
