-- One row per item that several branches buy from several vendors, with the vendors other than the best.
select
    opportunities.item_id,
    opportunities.item_name,
    opportunities.branch_count,
    opportunities.vendor_count,
    opportunities.total_amount,
    opportunities.best_vendor_id,
    opportunities.best_vendor_name,
    opportunities.best_line_count,
    opportunities.best_quantity,
    opportunities.best_amount,
    opportunities.other_line_count,
    opportunities.other_quantity,
    opportunities.other_amount,
    opportunities.dearer_quantity,
    opportunities.dearer_amount,
    opportunities.window_days,
    others.vendor_ids as other_vendor_ids,
    others.vendor_names as other_vendor_names
from {procurement}.consolidation_opportunities as opportunities
cross join lateral (
    select
        jsonb_agg(vendors.vendor_id order by vendors.vendor_id) as vendor_ids,
        jsonb_agg(vendors.vendor_name order by vendors.vendor_id) as vendor_names
    from (
        select distinct
            (cell ->> 'vendor_id')::integer as vendor_id,
            coalesce(cell ->> 'vendor_name', 'Vendor ' || (cell ->> 'vendor_id')) as vendor_name
        from jsonb_array_elements(opportunities.breakdown) as cell
        where (cell ->> 'vendor_id')::integer <> opportunities.best_vendor_id
    ) as vendors
) as others
where
    opportunities.potential_savings > 0
    and opportunities.item_id <> all(%(no_unit_prices)s)
order by opportunities.item_id
