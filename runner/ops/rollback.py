"""Puts back what was published before the newest publication. What dbt built stays: marts are built again by date."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import LiteralString

import psycopg

from runner.database.query import query
from runner.errors import FieldlabError
from runner.ops import events, previous, runs
from runner.ops.prepare import today
from runner.ops.previous import Previous
from runner.ops.runs import Run
from runner.ops.shrink import PUBLISHING_JOBS
from runner.procurement.put_back import put_back_recommendations
from runner.settings import Settings

COMMAND = "rollback"
EVENT = "PUBLICATION_ROLLED_BACK"


@dataclass(frozen=True)
class PutBack:
    """A set that was put back, and how many rows of what."""

    kept: Previous
    counts: Mapping[str, int]


def find_sets(connection: psycopg.Connection, settings: Settings, jobs: Sequence[str] = ()) -> list[Previous]:
    """The sets that can be put back.

    Args:
        connection: The warehouse.
        settings: Names the schema.
        jobs: Of these jobs, each of which must have one; none is every job that has one.

    Raises:
        FieldlabError: There is nothing to put back.
    """
    found = {job: previous.kept(connection, settings, job) for job in jobs or PUBLISHING_JOBS.values()}
    missing = [job for job, kept in found.items() if kept is None]
    if missing and (jobs or len(missing) == len(found)):
        raise FieldlabError(
            f"There is nothing to put back for {' and '.join(missing)}: it was published at most once, or was rolled "
            "back already.",
            "One set is kept, until the next publication succeeds. `fieldlab jobs` shows what was published.",
        )
    return [kept for kept in found.values() if kept is not None]


def roll_back(
    connection: psycopg.Connection,
    settings: Settings,
    sets: Sequence[Previous],
    *,
    by: str,
    keep_decisions: bool = False,
) -> list[PutBack]:
    """Put sets back, all of them or, when one is refused, none; the history and listeners are told.

    Args:
        connection: In autocommit mode; the caller holds the run lock.
        settings: Names the schemas.
        sets: From `find_sets`.
        by: Who does it.
        keep_decisions: Leave what people decided since as it is; otherwise it is a reason to refuse.

    Raises:
        FieldlabError: Recommendations were decided since.
    """
    run = Run(today(settings), explicit_as_of=False)
    done = []
    with connection.transaction():
        for kept in sets:
            runs.withdraw(connection, settings, kept.replaced_by, kept.job, by)
            if kept.job == "alignment":
                counts = _put_back_alignment(connection, settings)
            else:
                counts = put_back_recommendations(connection, settings, run, kept, by=by, keep_decisions=keep_decisions)
            previous.forget(connection, settings, kept.job)
            done.append(PutBack(kept, counts))
            events.notify(connection, EVENT, {**as_json(done[-1]), "by": by})
        runs.record(connection, settings, run, COMMAND, {"by": by, "sets": [as_json(one) for one in done]})
    return done


def as_json(done: PutBack) -> dict[str, object]:
    """What was put back, for machines."""
    return {
        "job": done.kept.job,
        "as_of": done.kept.run.as_of.isoformat(),
        "run_id": str(done.kept.run.run_id),
        "withdrawn_as_of": done.kept.replaced_by.as_of.isoformat(),
        "withdrawn_run_id": str(done.kept.replaced_by.run_id),
        **done.counts,
    }


def _put_back_alignment(connection: psycopg.Connection, settings: Settings) -> dict[str, int]:
    """Replace alignment's published tables, and the record of what was ever advised, by what is kept of them."""
    counts = {}
    for name, statements in _ALIGNMENT.items():
        for statement in statements:
            counts[name] = connection.execute(query(settings, statement)).rowcount
    return counts


# The first one is locked by who publishes, too.
_ALIGNMENT: Mapping[str, tuple[LiteralString, ...]] = {
    "reports": (
        "lock table {ops}.alignment_reports in share row exclusive mode",
        "delete from {ops}.alignment_reports",
        "insert into {ops}.alignment_reports select * from {ops}.previous_alignment_reports",
    ),
    "actions": (
        "delete from {ops}.alignment_recommendations",
        "insert into {ops}.alignment_recommendations select * from {ops}.previous_alignment_recommendations",
    ),
    "advice": (
        "delete from {ops}.alignment_advice",
        "insert into {ops}.alignment_advice select * from {ops}.previous_alignment_advice",
    ),
}
