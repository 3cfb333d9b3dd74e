"""Fills the history of prices for days on which no run took place.

What the snapshots read is built once; then each day is one small dbt run in the same process, about a second. A day
replaces that day alone and is there whole or not at all, so a backfill can be stopped and repeated.
"""

import time
from dataclasses import dataclass, field
from datetime import date, timedelta

import psycopg
from psycopg import sql

from runner.cli import console
from runner.cli.progress import dbt_progress, progress_bar
from runner.database import migrate
from runner.database.sources import find_absence
from runner.database.warehouse import Warehouse
from runner.dbt.jobs import find_jobs
from runner.dbt.process import Dbt, Listener, ignore, open_dbt
from runner.errors import FieldlabError
from runner.ops import runs
from runner.ops.lock import RunLock
from runner.ops.pipeline import TimeLimitError, explain, stoppable, time_limit
from runner.ops.retry import patiently
from runner.ops.runs import Finished, Run
from runner.settings import Settings

MODEL = "price_snapshots"
LINES = "invoice_lines"
JOB = "price-benchmarks"
COMMAND = "backfill"


@dataclass
class Backfill:
    """How far a backfill has come.

    Attributes:
        first: The first day asked for.
        last: The last one.
        days: The days done, in order.
        rows: Rows written.
        seconds: Time it took.
    """

    first: date
    last: date
    days: list[date] = field(default_factory=list)
    rows: int = 0
    seconds: float = 0.0

    def sentence(self) -> str:
        """Which days it did."""
        if not self.days:
            return "No day was filled."
        count = "1 day" if len(self.days) == 1 else f"{len(self.days)} days"
        return f"Filled {count}, {self.days[0]} to {self.days[-1]}: {self.rows:,} rows in {self.seconds:.1f} s."


def backfill_prices(
    settings: Settings, warehouse: Warehouse, first: date, last: date, lock: RunLock | None = None
) -> Backfill:
    """Build price_snapshots as of each day from first to last, under the caller's run lock or one of its own.

    Returns:
        What was done.

    Raises:
        FieldlabError: It could not begin, a day failed, or it was stopped; the days before are done.
    """
    done = Backfill(first, last)
    run = Run(as_of=last, explicit_as_of=True)
    problem: BaseException | None = None
    lock = lock or RunLock(warehouse, settings, COMMAND)
    with stoppable(), lock:
        lines_as_of = patiently(lambda: _prepare(settings, warehouse, last))
        patiently(lambda: _begin(settings, warehouse, run))
        begun = time.monotonic()
        try:
            _fill(settings, warehouse, run, done, lines_as_of=lines_as_of, lock=lock)
        except (FieldlabError, psycopg.Error, KeyboardInterrupt) as error:
            problem = error
        done.seconds = time.monotonic() - begun
        patiently(lambda: _finish(settings, warehouse, run, done, problem))
    if problem is not None:
        following = done.days[-1] + timedelta(days=1) if done.days else first
        raise FieldlabError(
            f"{explain(problem)}\n{done.sentence()}",
            f"Go on with `fieldlab backfill --from {following} --to {last}`.",
        ) from problem
    return done


def _fill(
    settings: Settings, warehouse: Warehouse, run: Run, done: Backfill, *, lines_as_of: date, lock: RunLock
) -> None:
    limit = find_jobs([JOB])[0].seconds
    with open_dbt(settings, warehouse) as dbt:
        console.log(f"dbt builds what {MODEL} reads, as of {lines_as_of}.")
        with dbt_progress() as listen, time_limit(limit):
            arguments = ["build", "--select", f"+{MODEL}", "--exclude", MODEL]
            arguments += ["--indirect-selection", "buildable", "--exclude-resource-type", "unit_test"]
            _run(dbt, run, arguments, lines_as_of, listen)

        with progress_bar() as bar:
            days = (done.last - done.first).days + 1
            for number in bar.track(range(days), description="price_snapshots"):
                day = done.first + timedelta(days=number)
                patiently(lock.hold)
                with time_limit(limit):
                    done.rows += _run(dbt, run, ["run", "--select", MODEL], day, ignore)
                done.days.append(day)


def _run(dbt: Dbt, run: Run, arguments: list[str], as_of: date, listen: Listener) -> int:
    """Invoke dbt as of a date; the rows it wrote."""
    environment = {"FIELDLAB_AS_OF": as_of.isoformat(), "FIELDLAB_RUN_ID": str(run.run_id)}
    result = dbt.run(arguments, environment, listen)
    if not result.success:
        raise FieldlabError("\n".join([f"dbt failed as of {as_of}.", *result.explain()]))
    return sum(node.rows or 0 for node in result.nodes)


def _prepare(settings: Settings, warehouse: Warehouse, last: date) -> date:
    """Bring the runner's tables up to date and check that there is something to read.

    Returns:
        The date to build the lines as of: the last day, or the later date the mart is about already, because the
        snapshots cut their own window and the mart must not lose what is newer.
    """
    with warehouse.connect() as connection:
        migrate.ensure(connection, settings)
        absence = find_absence(connection, settings, "procurement")
        if absence is not None:
            raise FieldlabError(f"There is no price to look back at: {absence.reason}.", absence.hint)
        lines = sql.Identifier(settings.schema("procurement"), LINES)
        found = connection.execute("select to_regclass(%s)", [lines.as_string(connection)]).fetchone()
        if found is None or found[0] is None:
            return last
        newest = connection.execute(sql.SQL("select max(as_of) from {}").format(lines)).fetchone()
    return max(last, newest[0]) if newest is not None and newest[0] is not None else last


def _begin(settings: Settings, warehouse: Warehouse, run: Run) -> None:
    with warehouse.connect() as connection:
        runs.begin(connection, settings, run, COMMAND, [])


def _finish(settings: Settings, warehouse: Warehouse, run: Run, done: Backfill, problem: BaseException | None) -> None:
    stopped = isinstance(problem, KeyboardInterrupt) and not isinstance(problem, TimeLimitError)
    end = Finished(
        "interrupted" if stopped else "succeeded" if problem is None else "failed",
        seconds=done.seconds,
        rows=done.rows,
        error="" if problem is None else explain(problem),
        details={"first": str(done.first), "last": str(done.last), "days": [str(day) for day in done.days]},
    )
    with warehouse.connect() as connection:
        runs.finish(connection, settings, run, COMMAND, end)
