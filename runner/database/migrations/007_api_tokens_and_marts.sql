-- What the web service needs: who may call it, and the public marts with their columns.

create table {ops}.api_tokens (
    name text primary key check (name ~ '^[A-Za-z0-9][A-Za-z0-9._@-]{{0,62}}$'),
    -- SHA-256 of the token; the token itself is stored nowhere.
    token_hash bytea not null unique check (length(token_hash) = 32),
    scope text not null check (scope in ('read', 'write', 'admin')),
    created_at timestamp with time zone not null default now(),
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone
);

create table {ops}.marts (
    name text primary key,
    schema_name text not null,
    relation_name text not null,
    description text not null,
    -- The columns that tell one row from another.
    grain jsonb not null,
    -- In the mart's order: name, data_type, nullable, description.
    columns jsonb not null,
    -- The jobs that build it.
    jobs jsonb not null,
    run_id uuid not null
);
