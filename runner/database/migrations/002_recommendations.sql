-- What the procurement rules recommend, and what people decided about it.

create table {ops}.recommendations (
    id bigint generated always as identity primary key,
    rule_id text not null,
    type text not null check (
        type in (
            'COST_OPTIMIZATION', 'VENDOR_SWITCH', 'CONSOLIDATION', 'WASTE_PREVENTION', 'RISK_ALERT',
            'SEASONAL_OPPORTUNITY', 'INVENTORY_REORDER', 'PRICE_NEGOTIATION'
        )
    ),
    category text not null,
    fingerprint text not null check (fingerprint ~ '^[0-9a-f]{{64}}$'),
    title text not null,
    description text not null,
    reasoning text not null,
    estimated_savings numeric(38, 2),
    savings_basis text check (savings_basis in ('year', 'once')),
    confidence_score numeric not null check (confidence_score between 0 and 1),
    priority integer not null check (priority between 1 and 5),
    context jsonb not null,
    status text not null default 'PENDING' check (
        status in ('PENDING', 'VIEWED', 'DISMISSED', 'APPLIED', 'EXPIRED')
    ),
    created_at timestamp with time zone not null,
    updated_at timestamp with time zone not null,
    expires_at timestamp with time zone not null,
    as_of date not null,
    run_id uuid not null,
    viewed_at timestamp with time zone,
    viewed_by text check (viewed_by <> ''),
    dismissed_at timestamp with time zone,
    dismissed_by text check (dismissed_by <> ''),
    dismiss_reason text check (length(dismiss_reason) <= 500),
    applied_at timestamp with time zone,
    applied_by text check (applied_by <> ''),
    -- The date that stood for today when it was dismissed or applied: differs from the clock's under an as-of in the past.
    decided_as_of date,
    check ((estimated_savings is null) = (savings_basis is null)),
    check ((viewed_at is null) = (viewed_by is null)),
    check ((dismissed_at is null) = (dismissed_by is null)),
    check ((applied_at is null) = (applied_by is null)),
    check ((status = 'DISMISSED') = (dismissed_at is not null)),
    check ((status = 'APPLIED') = (applied_at is not null)),
    check (status <> 'VIEWED' or viewed_at is not null)
);

create unique index recommendations_open on {ops}.recommendations (fingerprint)
where status in ('PENDING', 'VIEWED');

create index recommendations_by_fingerprint on {ops}.recommendations (fingerprint);
create index recommendations_by_status on {ops}.recommendations (status, priority);

create table {ops}.recommendation_events (
    id bigint generated always as identity primary key,
    recommendation_id bigint not null references {ops}.recommendations (id),
    occurred_at timestamp with time zone not null,
    actor text not null check (actor <> ''),
    from_status text not null,
    to_status text not null,
    reason text
);

create index recommendation_events_by_recommendation on {ops}.recommendation_events (recommendation_id, id);
