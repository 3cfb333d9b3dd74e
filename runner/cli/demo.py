"""`fieldlab demo`: see all of it at work on generated data."""

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

import click

from runner.alignment.read import in_order
from runner.cli import console
from runner.cli.options import date_option, example, wait_option
from runner.cli.progress import SHOWN
from runner.cli.run import report_json
from runner.cli.signals import stoppable, time_limit
from runner.database.warehouse import open_warehouse
from runner.demo import AS_OF, FACTORS, SEED
from runner.demo.foreign_data import refuse_foreign_files
from runner.demo.remove import remove
from runner.demo.run import DemoReport, run_demo
from runner.demo.summary import Summary, read_summary
from runner.demo.view import WIDTH, render, render_next
from runner.ops.lock import RunLock
from runner.settings import load_settings
from runner.words import Words


@click.command(
    short_help="See fieldlab at work on generated data.",
    epilog=example("fieldlab demo --factor 3 --keep demo-files"),
)
@click.option(
    "--factor",
    type=click.FloatRange(*FACTORS),
    default=1.0,
    show_default=True,
    help="Size of the data: 1 is 150 dealers and 12 branches with 100,000 invoice lines, 20 is two million lines.",
)
@click.option("--seed", type=int, default=SEED, show_default=True, help="Seed of the random numbers.")
@date_option(
    "--as-of",
    default=AS_OF.isoformat(),
    show_default=True,
    help="Last date of the data; it is fixed, so that everyone sees the same demo.",
)
@click.option(
    "--keep",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the generated CSV files in this folder; `fieldlab load` reads such files.",
)
@click.option("--remove", "removing", is_flag=True, help="Remove the demo's data and results from the database.")
@wait_option()
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def demo(*, factor: float, seed: int, as_of: date, keep: Path | None, removing: bool, wait: int, as_json: bool) -> None:
    """Generate data of two invented businesses, load it, run every job and show the results.

    The demo uses the same database as every other command, the embedded one by default, so that you can go on from
    there. It replaces the data of an earlier demo, and refuses a database with data of your own.
    """
    settings = load_settings()
    if removing:
        with open_warehouse(settings) as warehouse:
            schemas = remove(settings, warehouse, RunLock(warehouse, settings, "demo", wait=wait))
        console.log(f"The demo is gone from {', '.join(schemas)}.")
        return
    if keep:
        refuse_foreign_files(keep)
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fieldlab-demo-")))
        tell = stack.enter_context(_status())
        warehouse = stack.enter_context(open_warehouse(settings))
        stack.enter_context(stoppable())
        lock = stack.enter_context(RunLock(warehouse, settings, "demo", wait=wait))
        done = run_demo(
            settings,
            warehouse,
            lock,
            folder,
            seed=seed,
            factor=factor,
            as_of=as_of,
            tell=tell,
            limit=time_limit,
            progress=SHOWN,
        )
        with warehouse.connect(autocommit=True) as connection:
            summary = read_summary(connection, settings)
    commands = next_commands(summary)
    if as_json:
        console.echo_json(_summary_json(done, summary, commands))
        return
    words = Words(settings.currency)
    out = console.out()
    out.print(render(done, summary, words), width=min(out.width, WIDTH))
    remark = "FIELDLAB_DATABASE_URL has to stay set." if os.environ.get("FIELDLAB_DATABASE_URL") else ""
    out.print(render_next(commands, remark), soft_wrap=True)


def next_commands(summary: Summary) -> list[tuple[str, str]]:
    """What to type next, as it has to be typed here, each with what it shows."""
    fieldlab = command_name()
    return [
        (f"{fieldlab} report {summary.dealers[0].dealer_id} --vendor {summary.brand}", "The most influential dealer"),
        (f"{fieldlab} recommendations list --branch Downtown", "What one branch could do"),
        (f"{fieldlab} recommendations show {summary.purchasing.ids[0]}", "The first of all, with its numbers"),
        (f"{fieldlab} prices 'Chicken Breast'", "What every branch pays for the same item"),
        (f"{fieldlab} spending --by vendor", "Where the money goes"),
        (f"{fieldlab} demo --remove", "Make room for data of your own"),
        (f"{fieldlab} serve --open", "All of it in a browser"),
    ]


def command_name() -> str:
    """How `fieldlab` is to be typed to reach this very installation and database."""
    name, script = "fieldlab", Path(sys.argv[0])
    if script.name == "__main__.py":
        name = f"{_typed(Path(sys.executable), 'python')} -m runner"
    else:
        name = _typed(script, "fieldlab")
    home = os.environ.get("FIELDLAB_HOME")
    if not home or os.environ.get("FIELDLAB_DATABASE_URL"):
        return name
    return f"FIELDLAB_HOME={shlex.quote(home)} {name}"


def _typed(program: Path, name: str) -> str:
    """A program by its name alone where the shell finds it so, else by its path from here."""
    found = shutil.which(name)
    if found and Path(found).absolute() == program.absolute():
        return name
    here = Path.cwd()
    path = program.absolute()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


@contextmanager
def _status() -> Iterator[Callable[[str], None]]:
    """A line on a terminal that says what is being done; an empty text takes it away. Quiet elsewhere."""
    if not console.err.is_terminal:
        yield lambda _text: None
        return
    status = console.err.status("")

    def tell(text: str) -> None:
        status.update(text)
        if text:
            status.start()
        else:
            status.stop()

    try:
        yield tell
    finally:
        status.stop()


def _summary_json(done: DemoReport, summary: Summary, commands: list[tuple[str, str]]) -> dict[str, object]:
    return {
        "rows": done.rows,
        "seconds": {step: round(seconds, 3) for step, seconds in done.seconds.items()},
        "run": report_json(done.report),
        "vendor_id": summary.brand,
        "dealers": [dealer._asdict() for dealer in summary.dealers],
        "collections": [collection._asdict() for collection in summary.collections],
        "movements": [movement._asdict() for movement in summary.movements],
        "report": in_order(summary.report.data),
        "recommendations": {
            "count": summary.purchasing.count,
            "total_savings": summary.purchasing.totals,
            "decision_count": summary.purchasing.decision_count,
            "first": [
                {name: value for name, value in decision.items() if name != "example"}
                for decision in summary.purchasing.decisions
            ],
        },
        "next": [command for command, _ in commands],
    }
