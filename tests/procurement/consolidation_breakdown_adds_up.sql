-- The breakdown of an opportunity adds up to it, and so do the best vendor and the others.
with consolidation_opportunities as (
    select * from {{ ref('consolidation_opportunities') }}
),

broken_down as (
    select
        consolidation_opportunities.item_id,
        sum(cells.quantity) as quantity,
        sum(cells.total_amount) as total_amount,
        count(distinct cells.branch_id) as branch_count,
        count(distinct cells.vendor_id) as vendor_count
    from consolidation_opportunities
    cross join lateral {{
        json_rows(
            'consolidation_opportunities.breakdown',
            {'branch_id': 'integer', 'vendor_id': 'integer', 'quantity': 'numeric', 'total_amount': 'numeric'},
        )
    }} as cells
    group by consolidation_opportunities.item_id
)

select consolidation_opportunities.item_id
from consolidation_opportunities
left join broken_down on consolidation_opportunities.item_id = broken_down.item_id
where
    consolidation_opportunities.total_amount is distinct from broken_down.total_amount
    or consolidation_opportunities.branch_count is distinct from broken_down.branch_count
    or consolidation_opportunities.vendor_count is distinct from broken_down.vendor_count
    or broken_down.total_amount
    <> coalesce(consolidation_opportunities.best_amount, 0) + consolidation_opportunities.other_amount
    or broken_down.quantity
    <> coalesce(consolidation_opportunities.best_quantity, 0) + consolidation_opportunities.other_quantity
    or consolidation_opportunities.potential_savings < 0
    or consolidation_opportunities.potential_savings > consolidation_opportunities.dearer_amount
