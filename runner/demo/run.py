"""The demo from end to end: generate, load, fill the history, run."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from runner.database.warehouse import Warehouse
from runner.demo import generate
from runner.demo.foreign_data import refuse_foreign_data
from runner.errors import FieldlabError, TimeLimit, unlimited
from runner.load.loader import load_folder
from runner.ops.backfill import backfill
from runner.ops.lock import RunLock
from runner.ops.pipeline import run_pipeline
from runner.ops.progress import UNSEEN, RunProgress
from runner.ops.report import Request, RunReport
from runner.settings import Settings

MONTHS_BEFORE = 11

# Told what is being done.
Tell = Callable[[str], None]


@dataclass(frozen=True)
class DemoReport:
    """What the demo did.

    Attributes:
        place: The database, in words.
        rows: Rows loaded, by source table.
        seconds: Wall time of each step: generate, load, history, run.
        report: How the run ended.
    """

    place: str
    rows: Mapping[str, int]
    seconds: Mapping[str, float]
    report: RunReport


def run_demo(
    settings: Settings,
    warehouse: Warehouse,
    lock: RunLock,
    folder: Path,
    *,
    seed: int,
    factor: float,
    as_of: date,
    tell: Tell,
    limit: TimeLimit = unlimited,
    progress: RunProgress = UNSEEN,
) -> DemoReport:
    """Generate the files, load them, fill a year of history by month ends and run every job.

    What an earlier demo left is replaced. What people decided about its recommendations stays, as it would with data
    of their own.

    Args:
        settings: Names the schemas.
        warehouse: The database.
        lock: The run lock, held by the caller: nothing else is loaded or run between the steps.
        folder: Where the files go.
        seed: Other numbers.
        factor: More of them.
        as_of: The date the stories lead up to; it is published even where a later one was.
        tell: Is told about the first two steps.
        limit: Raises TimeLimitError when a step takes too long.
        progress: Shows the other two.

    Raises:
        FieldlabError: The database holds other data, or the run failed.
    """
    with warehouse.connect() as connection:
        refuse_foreign_data(connection, settings)
    seconds: dict[str, float] = {}
    with _timed(seconds, "generate"):
        tell("Inventing two businesses")
        generate(folder, seed=seed, factor=factor, as_of=as_of)
    with _timed(seconds, "load"), warehouse.connect() as connection:
        loaded = load_folder(
            connection,
            settings,
            folder,
            may_shrink=lambda _tables: True,
            on_progress=lambda what, done: tell(f"Loading {done:.0%}: {what}"),
        )
    tell("")
    with _timed(seconds, "history"):
        backfill(
            settings,
            warehouse,
            month_ends_before(as_of),
            lock=lock,
            publish_anyway=True,
            limit=limit,
            progress=progress,
        )
    with _timed(seconds, "run"):
        request = Request(as_of=as_of, publish_anyway=True, snapshots=True)
        report = run_pipeline(settings, warehouse, request, lock, limit=limit, progress=progress)
    if report.outcome != "succeeded":
        raise FieldlabError(
            "\n".join(["The demo's run failed.", *report.problems]), "`fieldlab jobs` keeps the record."
        )
    return DemoReport(warehouse.place, {table.table: table.rows for table in loaded}, seconds, report)


def month_ends_before(as_of: date) -> list[date]:
    """The last days of the eleven months before a date's own, oldest first: a year with the date itself."""
    dates: list[date] = []
    while len(dates) < MONTHS_BEFORE:
        dates.append((dates[-1] if dates else as_of).replace(day=1) - timedelta(days=1))
    return dates[::-1]


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    seconds[step] = time.monotonic() - began
