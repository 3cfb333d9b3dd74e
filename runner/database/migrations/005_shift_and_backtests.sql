-- SHIFT, the swap of a product within a collection, and the back-tests of the advice.

alter table {ops}.alignment_recommendations
    drop constraint alignment_recommendations_type_check,
    drop constraint alignment_recommendations_vendor_id_dealer_id_collection_id_key,
    add column product_id text,
    add column to_product_id text,
    add check (type in ('KEEP', 'DROP', 'ADD', 'SHIFT')),
    -- The product to give up and the one to take up: a SHIFT alone has them.
    add check ((type = 'SHIFT') = (product_id is not null)),
    add check ((type = 'SHIFT') = (to_product_id is not null));

create unique index alignment_recommendations_one_per_collection
on {ops}.alignment_recommendations (vendor_id, dealer_id, collection_id)
where type <> 'SHIFT';

create unique index alignment_recommendations_one_per_product
on {ops}.alignment_recommendations (vendor_id, dealer_id, product_id)
where type = 'SHIFT';

-- Would the advice have been right? One row per back-test, vendor, cut-off, advice and ranking.
create table {ops}.alignment_backtests (
    run_id uuid not null,
    -- What was known at the cut-off: displays; their history of selections too; or selections with today's status (leaky).
    basis text not null check (basis in ('displays', 'history', 'leaky')),
    vendor_id text not null,
    cut_off date not null,
    follow_days integer not null check (follow_days > 0),
    advice text not null check (advice in ('ADD', 'DROP')),
    ranking text not null check (ranking in ('rule', 'trend', 'carriers', 'random')),
    dealer_count bigint not null,
    candidate_count bigint not null,
    adoption_count bigint not null,
    advised_count bigint not null,
    -- Whole but for `random`, where it is the expectation.
    hit_count numeric(38, 12) not null,
    precision numeric(38, 12),
    recall numeric(38, 12),
    lift numeric(38, 12),
    lift_low numeric(38, 12),
    lift_high numeric(38, 12),
    -- Precision less that of `carriers`, dealer by dealer; for `rule`, of `carriers` cut to as many as it advises.
    difference numeric(38, 12),
    difference_low numeric(38, 12),
    difference_high numeric(38, 12),
    created_at timestamp with time zone not null,
    primary key (run_id, vendor_id, cut_off, advice, ranking)
);
