-- What a recommendation is about and the price it names become columns: what reads them needs no rule's JSON.

alter table {ops}.recommendations
add column item_id integer,
add column vendor_id integer,
add column branch_id integer,
add column invoice_id integer,
-- What was paid per unit, what could be, and what was bought at the named price; null where a rule names no price.
add column named_price numeric,
add column target_price numeric,
add column quantity numeric;

update {ops}.recommendations
set
    item_id = (context ->> 'item_id')::integer,
    vendor_id = (context ->> 'vendor_id')::integer,
    branch_id = (context ->> 'branch_id')::integer,
    invoice_id = (context ->> 'invoice_id')::integer,
    named_price = case rule_id
        when 'cheaper_vendor' then (context ->> 'main_price')::numeric
        when 'many_vendors' then (context ->> 'mean_price')::numeric
        when 'same_vendor_price_gap' then (context ->> 'price')::numeric
        when 'price_rise' then (context ->> 'price')::numeric
    end,
    target_price = case rule_id
        when 'cheaper_vendor' then (context ->> 'best_price')::numeric
        when 'many_vendors' then (context ->> 'best_price')::numeric
        when 'same_vendor_price_gap' then (context ->> 'lowest_price')::numeric
        when 'price_rise' then (context ->> 'earlier_price')::numeric
    end,
    quantity = case rule_id
        when 'cheaper_vendor' then (context ->> 'main_quantity')::numeric
        when 'same_vendor_price_gap' then (context ->> 'quantity')::numeric
        when 'price_rise' then (context ->> 'quantity')::numeric
    end;
