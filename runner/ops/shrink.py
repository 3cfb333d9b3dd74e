"""Keeps a run from publishing what little is left when an export came out empty or half.

Each run counts what it reads and keeps the counts in its row of `job_runs`, under `details.counts`. They do not depend
on the as-of date, so that any two runs can be compared.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import psycopg
from psycopg import sql

from runner.database.query import query
from runner.database.sources import present_tables
from runner.load.contract import tables_of
from runner.settings import Settings

Counts = Mapping[str, Any]
"""`{"source_rows": {"Invoice": 40, …}, "invoices": 40, …}`: rows of each table, and of those that count."""

# The job that publishes what a domain's rules find.
PUBLISHING_JOBS = {"alignment": "alignment", "procurement": "recommendations"}
COUNTED_ROWS = {"alignment": ("selections", "displays"), "procurement": ("invoices", "lines")}

# deletedAt may be absent; the name is then that of the outer row. Ids are compared as text: their types are judged
# elsewhere.
COUNTED = """
    with counted as materialized (
        select cast(present.id as text) as id
        from (select cast(null as timestamp) as "deletedAt") as absent
        cross join lateral (select id, status, "deletedAt" from {schema}."Invoice") as present
        where cast(present.status as text) = any(%s) and present."deletedAt" is null
    )

    select
        (select count(*) from counted),
        (select count(*) from {schema}."InvoiceItem" where cast("invoiceId" as text) in (select id from counted))
"""

NEWEST_PUBLISHED = """
    select whole.details -> 'counts', whole.as_of
    from {ops}.job_runs as published
    inner join {ops}.job_runs as whole on whole.run_id = published.run_id and whole.kind = 'run'
    where published.job = %s and published.kind = 'job' and published.published
    order by published.started_at desc
    limit 1
"""


def count_sources(connection: psycopg.Connection, settings: Settings, domain: str) -> Counts:
    """Count what a run reads of a domain, whatever its as-of date."""
    schema = settings.source_schema(domain)
    rows = {}
    for table in present_tables(connection, schema, domain):
        count = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table))
        row = connection.execute(count).fetchone()
        rows[table] = row[0] if row else 0
    if domain == "alignment":
        return {"source_rows": rows, "selections": rows.get("Selection", 0), "displays": rows.get("DisplayRecord", 0)}
    statuses = list(settings.variable("counted_statuses"))
    counted = query(settings, COUNTED, schema=sql.Identifier(schema))
    invoices, lines = connection.execute(counted, [statuses]).fetchone() or (0, 0)
    return {"source_rows": rows, "invoices": invoices, "lines": lines}


def merged(counts: Mapping[str, Counts]) -> Counts:
    """The counts of several domains as one."""
    rows = {table: number for of_domain in counts.values() for table, number in of_domain["source_rows"].items()}
    return {name: value for of_domain in counts.values() for name, value in of_domain.items()} | {"source_rows": rows}


def shrunken(connection: psycopg.Connection, settings: Settings, domain: str, counts: Counts) -> str:
    """Say which counts fell too far below those of the domain's newest published run; empty when none did."""
    row = connection.execute(query(settings, NEWEST_PUBLISHED), [PUBLISHING_JOBS[domain]]).fetchone()
    if row is None or not row[0]:
        return ""
    share = Fraction(str(settings.variable("max_shrink_share")))
    before, now = _of_domain(row[0], domain), _of_domain(counts, domain)
    fallen = [
        f"{name} {now.get(name, 0):,}, then {number:,}"
        for name, number in before.items()
        if now.get(name, 0) < share * number
    ]
    if not fallen:
        return ""
    return f"There is far less {domain} data than in the newest published run, as of {row[1]}: {'; '.join(fallen)}."


def _of_domain(counts: Counts, domain: str) -> dict[str, int]:
    """A domain's counts under the names that people are told."""
    rows = {f"rows of {table.name}": counts["source_rows"].get(table.name) for table in tables_of(domain)}
    counted = {name: counts.get(name) for name in COUNTED_ROWS[domain]}
    return {name: number for name, number in {**rows, **counted}.items() if number is not None}
