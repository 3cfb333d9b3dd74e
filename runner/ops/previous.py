"""Keeps what a publication replaces until the next one succeeds, so that `fieldlab rollback` can put it back."""

from collections.abc import Mapping
from typing import LiteralString, NamedTuple

import psycopg

from runner.database.query import query
from runner.ops import runs
from runner.ops.runs import Run
from runner.settings import Settings


class Previous(NamedTuple):
    """A set that is kept.

    Attributes:
        job: alignment or recommendations.
        run: The run that published it.
        replaced_by: The run that published what is there now.
    """

    job: str
    run: Run
    replaced_by: Run


def keep(connection: psycopg.Connection, settings: Settings, run: Run, job: str) -> None:
    """Keep what a job published last, in the transaction that replaces it. What was kept before goes.

    Nothing is kept before the first publication, or when the run itself published already: a publisher that lost its
    connection is called again.

    Args:
        connection: In the transaction of the publication, before it changes a row.
        settings: Names the schema.
        run: The run that publishes.
        job: alignment or recommendations.
    """
    before = runs.newest_published(connection, settings, job)
    if before is None or before.run_id == run.run_id:
        return
    for statement in _COPIES[job]:
        connection.execute(query(settings, statement))
    names = {"job": job, "run_id": before.run_id, "replaced_by": run.run_id}
    connection.execute(query(settings, _REMEMBER), names)


def kept(connection: psycopg.Connection, settings: Settings, job: str) -> Previous | None:
    """The set of a job that can be put back, if there is one."""
    row = connection.execute(query(settings, _KEPT), {"job": job}).fetchone()
    return Previous(job, *(runs.find(connection, settings, run_id, job) for run_id in row)) if row else None


def forget(connection: psycopg.Connection, settings: Settings, job: str) -> None:
    """Let a set go that was put back."""
    connection.execute(query(settings, _FORGET), {"job": job})


# Of recommendations the open ones alone: no publication changes what people decided.
_COPIES: Mapping[str, tuple[LiteralString, ...]] = {
    "alignment": (
        "delete from {ops}.previous_alignment_reports",
        "insert into {ops}.previous_alignment_reports select * from {ops}.alignment_reports",
        "delete from {ops}.previous_alignment_recommendations",
        "insert into {ops}.previous_alignment_recommendations select * from {ops}.alignment_recommendations",
        "delete from {ops}.previous_alignment_advice",
        "insert into {ops}.previous_alignment_advice select * from {ops}.alignment_advice",
    ),
    "recommendations": (
        "delete from {ops}.previous_recommendations",
        """
        insert into {ops}.previous_recommendations
        select * from {ops}.recommendations where status in ('PENDING', 'VIEWED')
        """,
    ),
}

_REMEMBER = """
    insert into {ops}.previous_publications (job, run_id, replaced_by)
    values (%(job)s, %(run_id)s, %(replaced_by)s)
    on conflict (job) do update
    set run_id = excluded.run_id, replaced_by = excluded.replaced_by, kept_at = excluded.kept_at
"""

_KEPT = "select run_id, replaced_by from {ops}.previous_publications where job = %(job)s"

_FORGET = "delete from {ops}.previous_publications where job = %(job)s"
