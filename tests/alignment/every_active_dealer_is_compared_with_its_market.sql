-- Active dealers without an alignment or the other way round, and alignments that count other collections than the
-- positions list.
with influence as (
    select * from {{ ref('dealer_influence') }}
),

alignment as (
    select * from {{ ref('dealer_alignment') }}
),

positions as (
    select * from {{ ref('dealer_collection_positions') }}
),

listed as (
    select
        vendor_id,
        dealer_id,
        count(*) filter (where is_carried) as collection_count,
        count(*) filter (where is_carried and is_market_top) as overlap_count
    from positions
    group by vendor_id, dealer_id
)

select
    influence.vendor_id,
    influence.dealer_id,
    alignment.vendor_id as aligned_vendor_id,
    alignment.dealer_id as aligned_dealer_id,
    alignment.collection_count,
    listed.collection_count as listed_collection_count,
    alignment.overlap_count,
    listed.overlap_count as listed_overlap_count
from influence
full outer join alignment
    on
        influence.vendor_id = alignment.vendor_id
        and influence.dealer_id = alignment.dealer_id
left join listed
    on
        alignment.vendor_id = listed.vendor_id
        and alignment.dealer_id = listed.dealer_id
where
    influence.dealer_id is null
    or alignment.dealer_id is null
    or alignment.collection_count != coalesce(listed.collection_count, 0)
    or alignment.overlap_count != coalesce(listed.overlap_count, 0)
