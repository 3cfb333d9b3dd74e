-- The history of runs, and what the alignment rules publish.

create table {ops}.job_runs (
    run_id uuid not null,
    -- 'run': the run as a whole, `job` is then the command (run, backfill). 'job': one job of it.
    kind text not null check (kind in ('run', 'job')),
    job text not null,
    as_of date not null,
    explicit_as_of boolean not null,
    vendor_id text,
    full_refresh boolean not null default false,
    started_at timestamp with time zone not null,
    finished_at timestamp with time zone,
    -- A run's wall time; a job's own work: its nodes (shared ones count for each job) and its rules.
    seconds numeric(12, 3),
    rows bigint,
    outcome text not null check (outcome in ('running', 'succeeded', 'failed', 'interrupted', 'left out')),
    -- Null where there is nothing to publish.
    published boolean,
    error text,
    host text not null,
    pid integer not null,
    details jsonb not null default '{{}}',
    primary key (run_id, job),
    check ((outcome in ('running', 'interrupted')) or finished_at is not null)
);

create index job_runs_by_time on {ops}.job_runs (started_at desc);
create index job_runs_by_job on {ops}.job_runs (job, started_at desc);

create table {ops}.alignment_reports (
    vendor_id text not null,
    dealer_id text not null,
    alignment_score integer not null check (alignment_score between 0 and 100),
    confidence text not null check (confidence in ('high', 'medium', 'low')),
    report_data jsonb not null,
    as_of date not null,
    run_id uuid not null,
    generated_at timestamp with time zone not null,
    primary key (vendor_id, dealer_id)
);

create index alignment_reports_by_dealer on {ops}.alignment_reports (dealer_id);

create table {ops}.alignment_recommendations (
    vendor_id text not null,
    dealer_id text not null,
    type text not null check (type in ('KEEP', 'DROP', 'ADD')),
    rank integer not null check (rank >= 1),
    priority text not null check (priority in ('high', 'medium')),
    collection_id text not null,
    collection_name text not null,
    trend_score numeric not null,
    reason text not null,
    metrics text not null,
    explanation jsonb not null,
    as_of date not null,
    run_id uuid not null,
    created_at timestamp with time zone not null,
    primary key (vendor_id, dealer_id, type, rank),
    unique (vendor_id, dealer_id, collection_id)
);

create index alignment_recommendations_by_collection on {ops}.alignment_recommendations (collection_id, type);
