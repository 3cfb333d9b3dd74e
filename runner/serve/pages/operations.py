"""How the machinery is: the runs and their jobs, and what is wrong with the input."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from runner.database.query import query
from runner.database.sources import exists
from runner.dbt.jobs import JOB_NAMES
from runner.errors import NotFoundError
from runner.ops import runs
from runner.serve.pages.page import Ask, Page, Wanted
from runner.settings import Settings
from runner.words import count

RUNS = 30
SLOWEST = 15
OUTCOME_KINDS = {"succeeded": "good", "failed": "bad", "interrupted": "bad", "running": "off", "left out": "off"}


class Light(NamedTuple):
    """A light of the day: its kind (good, warn, bad, off) and what it says."""

    kind: str
    text: str


def job_light(connection: psycopg.Connection, settings: Settings) -> Light:
    """How the newest run ended."""
    rows = runs.history(connection, settings)
    newest = next((row for row in rows if row["kind"] == "run"), None)
    if newest is None:
        return Light("off", "Nothing ran yet")
    failed = [row["job"] for row in rows if row["kind"] == "job" and OUTCOME_KINDS[row["outcome"]] == "bad"]
    if newest["outcome"] == "running":
        return Light("off", "A run is under way")
    if newest["outcome"] == "succeeded":
        return Light("good", "The newest run succeeded")
    return Light("bad", f"The newest run {_ended(newest['outcome'])}" + (f": {', '.join(failed)}" if failed else ""))


def _ended(outcome: str) -> str:
    return "was interrupted" if outcome == "interrupted" else outcome


def quality_light(connection: psycopg.Connection, settings: Settings) -> Light:
    """The worst that was found in the sources."""
    if not exists(connection, settings.schema("shared"), "source_quality"):
        return Light("off", "The sources were not checked yet")
    counts: dict[str, int] = dict(connection.execute(query(settings, _SEVERITIES)).fetchall())
    if counts.get("error"):
        return Light("bad", f"{count(counts['error'], 'error')} in the sources")
    if counts.get("warning"):
        return Light("warn", f"{count(counts['warning'], 'warning')} about the sources")
    return Light("good", "The sources are sound")


def read_jobs(connection: psycopg.Connection, settings: Settings, ask: Ask) -> Mapping[str, Any]:
    """What `/jobs` shows: the newest runs, each above its jobs."""
    job = ask.one("job") if ask.one("job") in JOB_NAMES else None
    rows = runs.history(connection, settings, limit=RUNS, job=job, order=JOB_NAMES)
    return {
        "rows": rows,
        "jobs": JOB_NAMES,
        "job": job or "",
        "kinds": OUTCOME_KINDS,
        "limit": RUNS,
        "is_last": len({row["run_id"] for row in rows}) < RUNS,
    }


def read_run(connection: psycopg.Connection, settings: Settings, ask: Ask) -> Mapping[str, Any]:
    """What `/jobs/{run}` shows: its jobs, what was published, the slowest models.

    Raises:
        NotFoundError: There is no such run.
    """
    rows = _rows_of(connection, settings, ask.key)
    jobs = [row for row in rows if row["kind"] == "job"]
    models = {model["name"]: model for row in jobs for model in row["details"].get("models", [])}
    return {
        "run": rows[0],
        "jobs": jobs,
        "slowest": sorted(models.values(), key=lambda model: -model["seconds"])[:SLOWEST],
        "model_count": len(models),
        "published": [(row["job"], _numbers(row["details"].get("counts") or {})) for row in jobs if row["published"]],
        "source_rows": (rows[0]["details"].get("counts") or {}).get("source_rows") or {},
        "kinds": OUTCOME_KINDS,
    }


def _rows_of(connection: psycopg.Connection, settings: Settings, run_id: str) -> list[dict[str, Any]]:
    """A run above its jobs."""
    try:
        wanted = UUID(run_id)
    except ValueError:
        raise NotFoundError(f"There is no run “{run_id}”.") from None
    rows = runs.history(connection, settings, run_id=wanted, order=JOB_NAMES)
    if not rows:
        raise NotFoundError(f"There is no run {wanted}.", "Runs are kept for 180 days.")
    return rows


def _numbers(counts: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [(name.replace("_", " "), number) for name, number in counts.items() if isinstance(number, int) and number]


def read_quality(connection: psycopg.Connection, settings: Settings, _ask: Ask) -> Mapping[str, Any]:
    """What `/quality` shows: everything wrong with the sources, errors first."""
    is_built = exists(connection, settings.schema("shared"), "source_quality")
    found: Sequence[Mapping[str, Any]] = ()
    if is_built:
        with connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(query(settings, _FINDINGS)).fetchall()
    return {"found": found, "is_built": is_built, "light": quality_light(connection, settings)}


def _listed(connection: psycopg.Connection, settings: Settings, _wanted: Wanted) -> Iterable[Ask]:
    """A page for each run that `/jobs` lists."""
    rows = runs.history(connection, settings, limit=RUNS)
    return [Ask(str(run_id)) for run_id in dict.fromkeys(row["run_id"] for row in rows)]


_SEVERITIES = "select severity, count(*) from {shared}.source_quality group by severity"

_FINDINGS = """
    select source_table, column_name, check_id, severity, row_count, share, kept_out_count, examples, message
    from {shared}.source_quality
    order by severity, row_count desc, source_table, column_name, check_id
"""

PAGES = (
    Page("/jobs", "jobs.html", read_jobs),
    Page("/jobs/{key}", "run.html", read_run, _listed),
    Page("/quality", "quality.html", read_quality),
)
