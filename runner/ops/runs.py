"""The history of runs: every run and every job of it is a row of `<ops>.job_runs`."""

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from runner.database.query import query
from runner.errors import FieldlabError
from runner.ops import lock
from runner.settings import Settings

INTERRUPTED = "The process ended before the run did."
KEPT_DAYS = 180


@dataclass(frozen=True)
class Run:
    """One run of the runner.

    Attributes:
        as_of: The date it is about.
        explicit_as_of: The date was given, not taken from the clock.
        started_at: When it began, UTC.
        run_id: Its name in everything it writes.
    """

    as_of: date
    explicit_as_of: bool
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    run_id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Published:
    """What publishing came to.

    Attributes:
        counts: What was written, by name (`{"reports": 1200}`).
        failed_rules: Rules that failed and why; the others were published.
        rules_left_out: Rules that could not be asked, and why.
    """

    counts: Mapping[str, int]
    failed_rules: Mapping[str, str] = field(default_factory=dict)
    rules_left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finished:
    """How a run or job ended.

    Attributes:
        outcome: succeeded, failed, interrupted or left out.
        seconds: Its wall time or work.
        rows: Rows its own models wrote; None where it has none.
        published: Whether results were published; None where there is nothing to publish.
        error: What went wrong, or why it was left out.
        details: What else is worth keeping, as JSON.
    """

    outcome: str
    seconds: float | None = None
    rows: int | None = None
    published: bool | None = None
    error: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def begin(
    connection: psycopg.Connection,
    settings: Settings,
    run: Run,
    command: str,
    jobs: Sequence[str],
    *,
    vendor_id: str | None = None,
    full_refresh: bool = False,
) -> None:
    """Write the rows of a run and its jobs as running, mark what killed runs left behind, and forget old ones.

    Only under the run lock: whatever else says `running` then can no longer be.
    """
    connection.execute(query(settings, _MARK_INTERRUPTED), {"error": INTERRUPTED})
    connection.execute(query(settings, _FORGET_OLD), {"kept": timedelta(days=KEPT_DAYS)})
    rows = [("run", command), *(("job", job) for job in jobs)]
    with connection.cursor() as cursor:
        cursor.executemany(
            query(settings, _BEGIN),
            [
                {
                    "run_id": run.run_id,
                    "kind": kind,
                    "job": job,
                    "as_of": run.as_of,
                    "explicit_as_of": run.explicit_as_of,
                    "vendor_id": vendor_id,
                    "full_refresh": full_refresh,
                    "started_at": run.started_at,
                    "host": socket.gethostname(),
                    "pid": os.getpid(),
                }
                for kind, job in rows
            ],
        )


def record(
    connection: psycopg.Connection,
    settings: Settings,
    run: Run,
    command: str,
    details: Mapping[str, Any],
    *,
    error: str = "",
) -> None:
    """Write the row of a command that has ended and was not on record while it ran; `error`: why it failed, if so."""
    connection.execute(
        query(settings, _RECORD),
        {
            "run_id": run.run_id,
            "job": command,
            "as_of": run.as_of,
            "explicit_as_of": run.explicit_as_of,
            "started_at": run.started_at,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "outcome": "failed" if error else "succeeded",
            "error": error or None,
            "details": Jsonb(dict(details)),
        },
    )


def finish(connection: psycopg.Connection, settings: Settings, run: Run, job: str, end: Finished) -> None:
    """Write how a run (by its command) or one of its jobs ended."""
    connection.execute(
        query(settings, _FINISH),
        {
            "run_id": run.run_id,
            "job": job,
            "outcome": end.outcome,
            "seconds": end.seconds,
            "rows": end.rows,
            "published": end.published,
            "error": end.error or None,
            "details": Jsonb(dict(end.details)),
        },
    )


def keep_counts(connection: psycopg.Connection, settings: Settings, run: Run, counts: Mapping[str, Any]) -> None:
    """Write what a run counted in the sources, at once: a run killed after it published is compared with too."""
    connection.execute(query(settings, _KEEP_COUNTS), {"run_id": run.run_id, "counts": Jsonb(dict(counts))})


def mark_published(connection: psycopg.Connection, settings: Settings, run: Run, job: str) -> None:
    """Write that a job published, in the transaction that does: a run killed right after it did publish."""
    connection.execute(query(settings, _MARK_PUBLISHED), {"run_id": run.run_id, "job": job})


def newest_published(connection: psycopg.Connection, settings: Settings, job: str) -> Run | None:
    """The last run that published a job (alignment, recommendations): what it found is what is published now.

    Its as-of date is the newest of all published, unless an older date was published on demand after a newer one.
    """
    row = connection.execute(query(settings, _NEWEST_PUBLISHED), {"job": job}).fetchone()
    if row is None:
        return None
    as_of, explicit_as_of, started_at, run_id = row
    return Run(as_of=as_of, explicit_as_of=explicit_as_of, started_at=started_at, run_id=run_id)


def outcome_before(connection: psycopg.Connection, settings: Settings, run: Run, command: str) -> str | None:
    """How the run of the same command before this one ended; None where there was none."""
    bound = {"command": command, "started_at": run.started_at}
    row = connection.execute(query(settings, _OUTCOME_BEFORE), bound).fetchone()
    return row[0] if row else None


def find(connection: psycopg.Connection, settings: Settings, run_id: UUID, job: str) -> Run:
    """The run of this id, by its row of a job."""
    bound = {"run_id": run_id, "job": job}
    ((as_of, explicit_as_of, started_at),) = connection.execute(query(settings, _FIND), bound).fetchall()
    return Run(as_of, explicit_as_of, started_at, run_id)


def withdraw(connection: psycopg.Connection, settings: Settings, run: Run, job: str, by: str) -> None:
    """Write that what a job published is no longer published, in the transaction that puts back what was before."""
    connection.execute(query(settings, _WITHDRAW), {"run_id": run.run_id, "job": job, "by": by})


def find_id(connection: psycopg.Connection, settings: Settings, prefix: str) -> UUID:
    """The run whose id begins like this.

    Raises:
        FieldlabError: There is none, or more than one.
    """
    hint = "`fieldlab jobs` shows the first eight characters of each."
    found = connection.execute(query(settings, _IDS), {"prefix": prefix.lower()}).fetchall() if prefix else []
    if not found:
        raise FieldlabError(f"No run has an id that begins with {prefix!r}.", hint)
    if len(found) > 1:
        raise FieldlabError(f"The ids of several runs begin with {prefix!r}.", "Give more of it.")
    return UUID(str(found[0][0]))


def newest_of(connection: psycopg.Connection, settings: Settings, jobs: Sequence[str]) -> tuple[UUID, date, str] | None:
    """The newest run of any of these jobs, or backfill, that was not left out: its id, its as-of date, its outcome."""
    row = connection.execute(query(settings, _NEWEST_OF), {"jobs": list(jobs)}).fetchone()
    return (row[0], row[1], row[2]) if row else None


def history(
    connection: psycopg.Connection,
    settings: Settings,
    *,
    limit: int = 1,
    job: str | None = None,
    failed: bool = False,
    run_id: UUID | None = None,
    order: Sequence[str] = (),
    after: tuple[datetime, UUID] | None = None,
) -> list[dict[str, Any]]:
    """The newest rows first, each run before its jobs.

    Args:
        connection: The warehouse.
        settings: Which schema.
        limit: At most this many runs.
        job: Only runs with this job, and only its rows.
        failed: Only those that failed or were interrupted.
        run_id: Only this run.
        order: The order of the jobs within a run.
        after: Only runs that began before this one: when it began, and its id.

    Returns:
        The rows of `job_runs`. What says running although nothing holds the run lock is interrupted.
    """
    busy = lock.is_held(connection, settings)
    started_at, last = after or (None, None)
    bound: dict[str, object] = {
        "limit": limit,
        "job": job,
        "failed": failed,
        "busy": busy,
        "run_id": run_id,
        "order": list(order),
        "before": started_at,
        "last": last,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query(settings, _HISTORY), bound).fetchall()
        running = {row["run_id"] for row in rows if row["outcome"] == "running"}
        if not running or lock.is_held(connection, settings):
            return rows
        # Read again, because a run may have ended between the two looks.
        rows = cursor.execute(query(settings, _HISTORY), bound).fetchall()
    for row in rows:
        if row["outcome"] == "running" and row["run_id"] in running:
            row.update(outcome="interrupted", error=INTERRUPTED)
    return rows


_MARK_INTERRUPTED = """
    update {ops}.job_runs
    set outcome = 'interrupted', error = %(error)s
    where outcome = 'running'
"""

# What the newest publications are known by stays, however old: an application may be down for half a year.
_FORGET_OLD = """
    delete from {ops}.job_runs
    where
        started_at < clock_timestamp() - %(kept)s
        and run_id not in (
            (
                select distinct on (job) run_id
                from {ops}.job_runs
                where published
                order by job, started_at desc
            )
            union all
            select run_id from {ops}.previous_publications
            union all
            select replaced_by from {ops}.previous_publications
        )
"""

_OUTCOME_BEFORE = """
    select outcome
    from {ops}.job_runs
    where kind = 'run' and job = %(command)s and started_at < %(started_at)s
    order by started_at desc
    limit 1
"""

_IDS = "select distinct run_id from {ops}.job_runs where starts_with(run_id::text, %(prefix)s) limit 2"

_BEGIN = """
    insert into {ops}.job_runs (
        run_id, kind, job, as_of, explicit_as_of, vendor_id, full_refresh, started_at, outcome, host, pid
    )
    values (
        %(run_id)s, %(kind)s, %(job)s, %(as_of)s, %(explicit_as_of)s, %(vendor_id)s, %(full_refresh)s,
        %(started_at)s, 'running', %(host)s, %(pid)s
    )
"""

_RECORD = """
    insert into {ops}.job_runs (
        run_id, kind, job, as_of, explicit_as_of, started_at, finished_at, seconds, outcome, error, host, pid, details
    )
    values (
        %(run_id)s, 'run', %(job)s, %(as_of)s, %(explicit_as_of)s, %(started_at)s, clock_timestamp(),
        extract(epoch from clock_timestamp() - %(started_at)s), %(outcome)s, %(error)s, %(host)s, %(pid)s, %(details)s
    )
    on conflict (run_id, job) do nothing
"""

_FINISH = """
    update {ops}.job_runs
    set
        finished_at = clock_timestamp(), outcome = %(outcome)s, seconds = %(seconds)s, rows = %(rows)s,
        -- Marked in the transaction that published, it stays published, whatever came after.
        published = published is true or %(published)s::boolean, error = %(error)s, details = %(details)s
    where run_id = %(run_id)s and job = %(job)s
"""

_KEEP_COUNTS = """
    update {ops}.job_runs
    set details = details || jsonb_build_object('counts', %(counts)s::jsonb)
    where run_id = %(run_id)s and kind = 'run'
"""

_MARK_PUBLISHED = "update {ops}.job_runs set published = true where run_id = %(run_id)s and job = %(job)s"

_FIND = "select as_of, explicit_as_of, started_at from {ops}.job_runs where run_id = %(run_id)s and job = %(job)s"

_WITHDRAW = """
    update {ops}.job_runs
    set
        published = false,
        details = details || jsonb_build_object('rolled_back_by', %(by)s::text, 'rolled_back_at', clock_timestamp())
    where run_id = %(run_id)s and job = %(job)s
"""

_NEWEST_PUBLISHED = """
    select as_of, explicit_as_of, started_at, run_id
    from {ops}.job_runs
    where job = %(job)s and published
    order by started_at desc
    limit 1
"""

# A backfill writes the histories of all jobs.
_NEWEST_OF = """
    select run_id, as_of, outcome
    from {ops}.job_runs
    where (kind = 'job' and job = any(%(jobs)s) and outcome <> 'left out') or (kind = 'run' and job = 'backfill')
    order by started_at desc
    limit 1
"""

_HISTORY = """
    with newest as (
        select run_id
        from {ops}.job_runs
        where
            case when %(job)s::text is null then kind = 'run' else job = %(job)s end
            and (not %(failed)s or outcome in ('failed', 'interrupted') or outcome = 'running' and not %(busy)s)
            and (%(run_id)s::uuid is null or run_id = %(run_id)s)
            and (
                %(before)s::timestamp with time zone is null
                or started_at < %(before)s
                or started_at = %(before)s and run_id > %(last)s::uuid
            )
        order by started_at desc, run_id
        limit %(limit)s
    )

    select
        run_id, kind, job, as_of, explicit_as_of, vendor_id, full_refresh, started_at, finished_at, seconds, rows,
        outcome, published, error, host, pid, details
    from {ops}.job_runs
    where run_id in (select run_id from newest) and (%(job)s::text is null or job = %(job)s)
    order by started_at desc, run_id, kind desc, array_position(%(order)s::text[], job)
"""
