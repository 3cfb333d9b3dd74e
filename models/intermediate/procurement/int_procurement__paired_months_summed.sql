{{
    config(
        materialized=incremental_by_group(),
        incremental_strategy=incremental_strategy('changed_groups'),
        unique_key=['month'],
        meta={'contents': 'int_procurement__months_fingerprinted'},
        on_schema_change='append_new_columns',
    )
}}

{% set bases = ['month', 'year'] %}

with item_months {{ computed_in_place() }} (
    select * from {{ ref('int_procurement__item_months_summed') }}
),

months as (
    select * from {{ ref('int_procurement__months_fingerprinted') }}
),

items as (
    select * from {{ ref('stg_procurement__items') }}
),

changed_months {{ computed_once() }} (
    {{ changed_groups('months', ['month']) }}
),

-- Those that changed and those they are compared with.
compared_months as (
    select distinct item_months.month
    from item_months
    inner join changed_months
        on item_months.month in (changed_months.month, changed_months.month - 1, changed_months.month - 12)
),

purchase_months as (
    select item_months.*
    from item_months
    inner join compared_months on item_months.month = compared_months.month
),

-- An item bought from a vendor, by all branches together and by each.
series_months as (
    select
        'network' as buyer,
        item_id,
        vendor_id,
        cast(null as integer) as branch_id,
        month,
        sum(quantity) as quantity,
        sum(amount) as amount
    from purchase_months
    group by item_id, vendor_id, month
    union all
    select
        'branch' as buyer,
        item_id,
        vendor_id,
        branch_id,
        month,
        quantity,
        amount
    from purchase_months
),

pairs as (
    select
        {% for base in bases %}
            max(quantity) over {{ base }}_before as {{ base }}_quantity,
            max(amount) over {{ base }}_before as {{ base }}_amount,
        {% endfor %}
        *
    from series_months
    window
        month_before as (
            partition by buyer, item_id, vendor_id, branch_id order by month range between 1 preceding and 1 preceding
        ),
        year_before as (
            partition by buyer, item_id, vendor_id, branch_id order by month range between 12 preceding and 12 preceding
        )
),

keyed_pairs as (
    select
        pairs.*,
        changed_months.content_fingerprint,
        case when pairs.buyer = 'network' then pairs.vendor_id end as key_vendor_id,
        case when pairs.buyer = 'network' then items.category end as key_category
    from pairs
    inner join changed_months on pairs.month = changed_months.month
    left join items on pairs.item_id = items.item_id
),

-- Laspeyres weighs the mean prices p = amount / quantity with the quantities of the base, sum(p1 * q0) / sum(p0 * q0),
-- Paasche with those of the month, sum(p1 * q1) / sum(p0 * q1).
paired_months_summed as (
    select
        {% for base in bases %}
            count({{ base }}_quantity) as {{ base }}_pairs,
            sum(amount) filter (where {{ base }}_quantity is not null) as {{ base }}_amount_now,
            sum({{ base }}_amount) as {{ base }}_amount_before,
            sum({{ quotient('amount * ' ~ base ~ '_quantity', 'quantity') }}) as {{ base }}_before_at_prices_now,
            sum({{ quotient(base ~ '_amount * quantity', base ~ '_quantity') }}) as {{ base }}_now_at_prices_before,
        {% endfor %}
        buyer,
        branch_id,
        key_vendor_id as vendor_id,
        key_category as category,
        month,
        sum(amount) as amount,
        content_fingerprint
    from keyed_pairs
    group by buyer, branch_id, key_vendor_id, key_category, month, content_fingerprint
)

select * from paired_months_summed
