-- Per item, the network's pattern and the branches' patterns hold exactly the purchases of the window, added up once;
-- and no figure lies outside what is possible.
with purchases as (
    select * from {{ ref('invoice_lines') }}
    where {{ is_purchase() }}
),

purchase_patterns as (
    select * from {{ ref('purchase_patterns') }}
),

windowed_purchases as (
    select *
    from purchases
    where {{ within_last_days('date', var('pattern_window_days')) }}
),

item_purchases as (
    select
        item_id,
        count(distinct invoice_id) as order_count,
        sum(quantity) as quantity,
        sum(amount) as amount
    from windowed_purchases
    group by item_id
),

branch_purchases as (
    select
        item_id,
        branch_id,
        count(distinct invoice_id) as order_count,
        sum(quantity) as quantity,
        sum(amount) as amount
    from windowed_purchases
    group by item_id, branch_id
),

expected as (
    select
        'network' as scope,
        item_id,
        cast(null as integer) as branch_id,
        order_count,
        quantity,
        amount
    from item_purchases
    where order_count >= {{ var('pattern_min_orders') }}
    union all
    select
        'branch' as scope,
        item_id,
        branch_id,
        order_count,
        quantity,
        amount
    from branch_purchases
    where order_count >= {{ var('pattern_min_orders') }}
)

select
    coalesce(expected.scope, purchase_patterns.scope) as scope,
    coalesce(expected.item_id, purchase_patterns.item_id) as item_id,
    coalesce(expected.branch_id, purchase_patterns.branch_id) as branch_id
from expected
full outer join purchase_patterns
    on
        expected.scope = purchase_patterns.scope
        and expected.item_id = purchase_patterns.item_id
        and {{ same_key('expected.branch_id', 'purchase_patterns.branch_id') }}
where
    expected.order_count is distinct from purchase_patterns.order_count
    or expected.quantity is distinct from purchase_patterns.order_quantity_sum
    or expected.amount is distinct from purchase_patterns.order_amount_sum
    or purchase_patterns.is_increasing and purchase_patterns.is_decreasing
    or not purchase_patterns.confidence_score between 0 and 1
    or not purchase_patterns.seasonality_strength between 0 and 1
    or purchase_patterns.next_predicted_order_date <= purchase_patterns.last_order_date
    or purchase_patterns.gap_sum <> purchase_patterns.last_order_date - purchase_patterns.first_order_date
