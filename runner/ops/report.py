"""What a run is asked to do, and what it says it did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import psycopg

from runner.dbt.jobs import Job
from runner.dbt.process import NodeResult
from runner.errors import FieldlabError
from runner.ops.runs import Finished, Run


@dataclass(frozen=True)
class Request:
    """What a run is asked to do.

    Attributes:
        jobs: Names of jobs; none is all of them.
        as_of: The date it is about; None is today.
        vendor_id: Publish alignment for this vendor only.
        full_refresh: Build incremental models anew. What is kept by as-of date survives it, and so do dbt's snapshots.
        publish_anyway: Publish although something newer is published, or although there is far less data than before.
        time_limit: Seconds the run may take; None is the sum of its jobs' limits.
        snapshots: Take dbt's snapshots although the date lies in the past: they keep what the sources say now.
        run_id: What the run is called; None is a new id. A run that was announced under it is on record, also when
            it could not begin.
        engine: What builds the marts in PostgreSQL's place, one of `runner.engines.ENGINES`; None is PostgreSQL itself.
    """

    jobs: Sequence[str] = ()
    as_of: date | None = None
    vendor_id: str | None = None
    full_refresh: bool = False
    publish_anyway: bool = False
    time_limit: int | None = None
    snapshots: bool = False
    run_id: UUID | None = None
    engine: str | None = None


@dataclass(frozen=True)
class JobReport:
    """How one job ended: its row in job_runs."""

    job: Job
    end: Finished


@dataclass(frozen=True)
class RunReport:
    """How a run ended.

    Attributes:
        run: Its id and as-of date.
        outcome: succeeded or failed.
        seconds: Wall time.
        jobs: Its jobs in the order they ran.
        nodes: What came of each dbt node.
        problems: What failed, one text each.
        notes: What was left out or not published, and why; one sentence each.
        exit_code: What the command ends with: 0 succeeded, 1 failed, 3 failed for nothing but data unfit to publish.
        source_errors: What source_quality calls an error, one sentence each.
        recovered: It succeeded, and the run before it did not.
    """

    run: Run
    outcome: str
    seconds: float
    jobs: tuple[JobReport, ...]
    nodes: tuple[NodeResult, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    exit_code: int = 0
    source_errors: tuple[str, ...] = ()
    recovered: bool = False


def explain(error: BaseException) -> str:
    """An error in words, without a stack trace."""
    if isinstance(error, FieldlabError):
        return f"{error} {error.hint}".strip()
    if isinstance(error, KeyboardInterrupt):
        return "Stopped from outside."
    if isinstance(error, psycopg.Error):
        return f"The database refused: {str(error).strip()}"
    return f"{type(error).__name__}: {error}"
