-- What a person decides at once, what is to be expected of it, and whose money it is.

alter table {ops}.recommendations
-- Savings times confidence, rounded to cents.
add column expected_savings numeric(38, 2),
-- Lower-case hex SHA-256 of `rule_id|item|vendor|branch|invoice` of what decides, unused parts empty.
add column decision_key text check (decision_key ~ '^[0-9a-f]{{64}}$'),
-- Which money the savings are, so that what several recommendations claim is counted once; null: no other claims it.
add column claim text check (
    claim in ('switch', 'consolidate', 'negotiate', 'vendor', 'order', 'invoice')
),
-- The vendor whose money could be saved, where it is one vendor's.
add column paid_vendor_id integer;

update {ops}.recommendations
set
    expected_savings = round(estimated_savings * confidence_score, 2),
    decision_key = encode(
        sha256(
            convert_to(
                case rule_id
                    when 'cheaper_vendor'
                        then concat('cheaper_vendor|', item_id, '|', context ->> 'best_vendor_id', '||')
                    when 'same_vendor_price_gap' then concat('same_vendor_price_gap|', item_id, '|', vendor_id, '||')
                    when 'reorder_due'
                        then concat('reorder_due||', context ->> 'last_vendor_id', '|', branch_id, '|')
                    when 'single_source' then 'single_source||||'
                    when 'seasonal_peak' then 'seasonal_peak||||'
                    else concat(rule_id, '|', item_id, '|', vendor_id, '|', branch_id, '|', invoice_id)
                end,
                'UTF8'
            )
        ),
        'hex'
    ),
    claim = case rule_id
        when 'cheaper_vendor' then 'switch'
        when 'many_vendors' then 'consolidate'
        when 'same_vendor_price_gap' then 'negotiate'
        when 'price_rise' then 'negotiate'
        when 'over_ordering' then 'order'
    end,
    paid_vendor_id = case rule_id
        when 'cheaper_vendor' then (context ->> 'main_vendor_id')::integer
        when 'same_vendor_price_gap' then vendor_id
        when 'price_rise' then vendor_id
    end;

alter table {ops}.recommendations alter column decision_key set not null;

create index recommendations_by_decision on {ops}.recommendations (decision_key);

-- The run that took the step, where a run did.
alter table {ops}.recommendation_events add column run_id uuid;
