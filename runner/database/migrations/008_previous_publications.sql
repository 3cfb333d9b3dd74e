-- What the newest publication replaced, for `fieldlab rollback`. A column that a published table gets is added to its
-- copy here too, in the same place.

create table {ops}.previous_publications (
    job text primary key,
    -- The run whose set is kept, and the one that replaced it.
    run_id uuid not null,
    replaced_by uuid not null,
    kept_at timestamp with time zone not null default clock_timestamp()
);

create table {ops}.previous_recommendations (like {ops}.recommendations);
create table {ops}.previous_alignment_reports (like {ops}.alignment_reports);
create table {ops}.previous_alignment_recommendations (like {ops}.alignment_recommendations);
create table {ops}.previous_alignment_advice (like {ops}.alignment_advice);
