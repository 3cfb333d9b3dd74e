"""Shows how long work is getting on, on a terminal; of dbt also its warnings, as log lines."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn

from runner.cli import console
from runner.dbt.process import Event, Listener
from runner.ops.progress import RunProgress

log = logging.getLogger(__name__)

# Results of nodes and summaries of them: the run's results tell these.
RESULT_CODES = ("Q", "Z")

# dbt warns of every numeric without a fixed scale in a contract. Sums and quantities are exact that way, on purpose.
EXACT_NUMERICS = "numeric type and unspecified precision/scale"


def progress_bar(*columns: str | ProgressColumn) -> Progress:
    """A bar on stderr that is gone when it is done, and never there where stderr is no terminal."""
    return Progress(*columns, console=console.err, transient=True, disable=not console.err.is_terminal)


@contextmanager
def dbt_progress() -> Iterator[Listener]:
    """Give the function that is told dbt's events."""
    with progress_bar(
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    ) as bar:
        task = bar.add_task("dbt starts", total=None)

        def listen(event: Event) -> None:
            data = event.get("data", {})
            if is_warning(event):
                log.warning(f"dbt: {event['info']['msg'].strip()}")
            node = data.get("node_info", {}).get("node_name")
            if node:
                done = 1 if "execution_time" in data else 0
                bar.update(task, total=data.get("total"), description=node[:40], advance=done)

        yield listen


def dates_progress(dates: Sequence[date]) -> Iterator[date]:
    """Give the dates of a backfill one by one."""
    with progress_bar() as bar:
        yield from bar.track(dates, description="history")


SHOWN = RunProgress(dbt_progress, dates_progress)


def is_warning(event: Event) -> bool:
    """Whether an event warns of something a person should know besides what the nodes' results tell."""
    info = event["info"]
    if info["level"] != "warn" or info["code"].startswith(RESULT_CODES):
        return False
    return EXACT_NUMERICS not in info["msg"]
