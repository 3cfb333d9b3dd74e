"""Shows how dbt is getting on: a bar on a terminal; elsewhere only its warnings, as log lines."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from runner import console
from runner.dbt import Event, Listener


@contextmanager
def dbt_progress() -> Iterator[Listener]:
    """Give the function that is told dbt's events."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    shown = console.err.is_terminal
    with Progress(*columns, console=console.err, transient=True, disable=not shown) as bar:
        task = bar.add_task("dbt starts", total=None)

        def listen(event: Event) -> None:
            info, data = event["info"], event.get("data", {})
            if is_warning(event):
                console.log(f"dbt: {info['msg'].strip()}")
            node = data.get("node_info", {}).get("node_name")
            if node and "total" in data:
                done = data["index"] if "execution_time" in data else None
                bar.update(task, total=data["total"], description=node[:40], advance=1 if done else 0)

        yield listen


def is_warning(event: Event) -> bool:
    """Whether an event warns of something besides a node's result, which the run's results tell."""
    info = event["info"]
    return info["level"] == "warn" and not info["code"].startswith(("Q", "Z"))
