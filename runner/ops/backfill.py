"""Fills the history for dates on which no run took place.

What the histories read is built once; then each date is one small dbt run in the same process, about a second. A date
replaces its own rows alone, and each mart has them whole or not at all, so a backfill can be stopped and repeated.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import psycopg
from psycopg import sql

from runner.database import migrate
from runner.database.sources import FOUND, find_absence
from runner.database.warehouse import Warehouse
from runner.dbt.jobs import find_jobs
from runner.dbt.process import Dbt, Listener, ignore, open_dbt
from runner.errors import FieldlabError, TimeLimit, TimeLimitError, UnfitDataError, unlimited
from runner.ops import runs
from runner.ops.lock import RunLock
from runner.ops.progress import UNSEEN, RunProgress
from runner.ops.report import explain
from runner.ops.retry import with_retries
from runner.ops.runs import Finished, Run
from runner.ops.shrink import count_sources, shrunken
from runner.settings import Settings

log = logging.getLogger(__name__)

COMMAND = "backfill"
UNTESTED = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


@dataclass(frozen=True)
class History:
    """The history of one domain.

    Attributes:
        domain: alignment or procurement.
        models: The marts that keep it.
        movements: The marts that compare its dates.
        parents_too: Whether what the models read is about the as-of date as well, and so is built for each date. Prices
            are read off invoice lines of all dates, which are built once.
        witness: A mart that is built as a whole and that no date of a backfill touches: its as-of date is what the
            domain's marts are about.
    """

    domain: str
    models: tuple[str, ...]
    movements: tuple[str, ...]
    parents_too: bool
    witness: str


HISTORIES = {
    "alignment": History(
        "alignment",
        ("dealer_influence_history", "collection_trend_history"),
        ("trend_movements", "influence_movements"),
        parents_too=True,
        witness="sku_trends",
    ),
    "price-benchmarks": History(
        "procurement",
        ("price_snapshots", "item_price_history"),
        ("price_movements",),
        parents_too=False,
        witness="branch_spending",
    ),
}
"""By the job that builds them."""


@dataclass
class Backfill:
    """How far a backfill has come.

    Attributes:
        asked: The dates asked for, in order.
        dates: Those done.
        rows: Rows written into histories.
        seconds: Time it took.
    """

    asked: Sequence[date]
    dates: list[date] = field(default_factory=list)
    rows: int = 0
    seconds: float = 0.0

    def sentence(self) -> str:
        """Which dates it did."""
        if not self.dates:
            return "No date was filled."
        count = "1 date" if len(self.dates) == 1 else f"{len(self.dates)} dates"
        return f"Filled {count}, {self.dates[0]} to {self.dates[-1]}: {self.rows:,} rows in {self.seconds:.1f} s."


@dataclass(frozen=True)
class _Plan:
    """What is to be filled.

    Attributes:
        settings: Names the schemas.
        warehouse: The database.
        run: What is written into job_runs and into each row.
        histories: Each with the date its domain's marts are about, None where there are none yet.
        seconds: How long one invocation of dbt may take.
        limit: Sees to that.
        progress: Shows how far it is.
    """

    settings: Settings
    warehouse: Warehouse
    run: Run
    histories: Mapping[History, date | None]
    seconds: int
    limit: TimeLimit
    progress: RunProgress

    @property
    def models(self) -> list[str]:
        """The marts to fill."""
        return [model for history in self.histories for model in history.models]


def backfill(
    settings: Settings,
    warehouse: Warehouse,
    dates: Sequence[date],
    jobs: Sequence[str] = (),
    lock: RunLock | None = None,
    *,
    publish_anyway: bool = False,
    limit: TimeLimit = unlimited,
    progress: RunProgress = UNSEEN,
) -> Backfill:
    """Build the history marts as of each date, under the caller's run lock or one of its own.

    Afterwards alignment's marts are built once more as of the date they were about before, and the movements of prices.
    Nothing is published, and no dbt snapshot is taken.

    Args:
        settings: Names the schemas.
        warehouse: The database.
        dates: At least one, in ascending order.
        jobs: Keys of HISTORIES; none is all of them.
        lock: The run lock, where the caller holds it.
        publish_anyway: Fill them although there is far less data than in the newest published run.
        limit: Raises TimeLimitError when one invocation of dbt takes too long.
        progress: Shows how far it is.

    Returns:
        What was done.

    Raises:
        FieldlabError: It could not begin, a date failed, or it was stopped; the dates before are done.
    """
    done = Backfill(dates)
    run = Run(as_of=dates[-1], explicit_as_of=True)
    problem: BaseException | None = None
    lock = lock or RunLock(warehouse, settings, COMMAND)
    with lock:
        plan = with_retries(
            lambda: _prepare(
                settings,
                warehouse,
                run,
                jobs or tuple(HISTORIES),
                publish_anyway=publish_anyway,
                limit=limit,
                progress=progress,
            )
        )
        with_retries(lambda: _begin(plan))
        begun = time.monotonic()
        try:
            _work(plan, done, lock)
        except (FieldlabError, psycopg.Error, KeyboardInterrupt) as error:
            problem = error
        done.seconds = time.monotonic() - begun
        with_retries(lambda: _finish(plan, done, problem))
    if problem is not None:
        following = dates[min(len(done.dates), len(dates) - 1)]
        raise FieldlabError(
            f"{explain(problem)}\n{done.sentence()}",
            f"Go on with the same command, `--from {following} --to {dates[-1]}`.",
        ) from problem
    return done


def _work(plan: _Plan, done: Backfill, lock: RunLock) -> None:
    """Fill the dates; whatever happens, leave the marts as of the date they were about."""
    try:
        with open_dbt(plan.settings, plan.warehouse) as dbt:
            _fill(plan, dbt, done, lock)
            _rebuild(plan, dbt)
    except (FieldlabError, psycopg.Error, KeyboardInterrupt):
        try:
            with open_dbt(plan.settings, plan.warehouse) as dbt:
                _rebuild(plan, dbt)
        except (FieldlabError, psycopg.Error) as error:
            log.warning(f"The marts are not as of their own date again: {error} `fieldlab run` builds them.")
        raise


def _fill(plan: _Plan, dbt: Dbt, done: Backfill, lock: RunLock) -> None:
    # The lines must not lose what is newer than the dates; the histories cut their own windows.
    lines_as_of = max([done.asked[-1], *(about for about in plan.histories.values() if about is not None)])
    log.info(f"dbt builds what the histories read, as of {lines_as_of}.")
    once: list[str] = []
    each_date: list[str] = []
    for history in plan.histories:
        for model in history.models:
            once += [f"+{model},stg_*", f"+{model},resource_type:seed"] if history.parents_too else [f"+{model}"]
            each_date.append(f"+{model}" if history.parents_too else model)
        if not history.parents_too:
            once.append(history.witness)  # the lines' rows keep the as-of date that they were computed with
    with plan.progress.dbt() as listen:
        arguments = ["build", "--select", *once, "--exclude", *plan.models]
        _run(plan, dbt, [*arguments, *UNTESTED], lines_as_of, listen)

    for day in plan.progress.dates(done.asked):
        with_retries(lock.hold)
        done.rows += _run(plan, dbt, ["run", "--select", *each_date, "--exclude", "stg_*"], day)
        done.dates.append(day)


def _rebuild(plan: _Plan, dbt: Dbt) -> None:
    """Build what a backfill changed besides the histories, as of the date each domain's marts are about.

    Where the parents were built for each date, all of the domain's marts are: no report is made from marts of two runs.
    """
    for about in {found for found in plan.histories.values() if found is not None}:
        selection: list[str] = []
        for history in (history for history, found in plan.histories.items() if found == about):
            selection += [f"+fieldlab.marts.{history.domain}"] if history.parents_too else history.movements
        _run(plan, dbt, ["build", "--select", *selection, "--exclude", *plan.models, *UNTESTED], about)


def _run(plan: _Plan, dbt: Dbt, arguments: list[str], as_of: date, listen: Listener = ignore) -> int:
    """Invoke dbt as of a date; the rows it wrote into histories."""
    environment = {"FIELDLAB_AS_OF": as_of.isoformat(), "FIELDLAB_RUN_ID": str(plan.run.run_id)}
    with plan.limit(plan.seconds):
        result = dbt.run(arguments, environment, listen)
    if not result.success:
        raise FieldlabError("\n".join([f"dbt failed as of {as_of}.", *result.explain()]))
    return sum(node.rows or 0 for node in result.nodes if node.name in plan.models)


def _prepare(
    settings: Settings,
    warehouse: Warehouse,
    run: Run,
    jobs: Sequence[str],
    *,
    publish_anyway: bool,
    limit: TimeLimit,
    progress: RunProgress,
) -> _Plan:
    """Bring the runner's tables up to date and see what there is to fill."""
    histories = [history for job, history in HISTORIES.items() if job in jobs]
    with warehouse.connect() as connection:
        migrate.ensure(connection, settings)
        absences = {history: find_absence(connection, settings, history.domain) for history in histories}
        found = {
            history: _about(connection, settings, history) for history, absence in absences.items() if absence is None
        }
        for domain in sorted({history.domain for history in found} if not publish_anyway else ()):
            fallen = shrunken(connection, settings, domain, count_sources(connection, settings, domain))
            if fallen:
                raise UnfitDataError(fallen, "No history was filled; --publish does it all the same.")
    faults = [absence for absence in absences.values() if absence is not None and (absence.is_fault or not found)]
    if faults:
        reasons = ", and ".join(fault.reason for fault in faults)
        raise FieldlabError(f"There is no history to look back at: {reasons}.", faults[0].hint)
    return _Plan(settings, warehouse, run, found, max(job.seconds for job in find_jobs(jobs)), limit, progress)


def _about(connection: psycopg.Connection, settings: Settings, history: History) -> date | None:
    """The date a domain's marts are about; None where there are none."""
    schema = settings.schema(history.domain)
    if not connection.execute(FOUND, [schema, [history.witness]]).fetchone():
        return None
    newest = sql.SQL("select max(as_of) from {}").format(sql.Identifier(schema, history.witness))
    row = connection.execute(newest).fetchone()
    return row[0] if row else None


def _begin(plan: _Plan) -> None:
    with plan.warehouse.connect() as connection:
        runs.begin(connection, plan.settings, plan.run, COMMAND, [])


def _finish(plan: _Plan, done: Backfill, problem: BaseException | None) -> None:
    stopped = isinstance(problem, KeyboardInterrupt) and not isinstance(problem, TimeLimitError)
    end = Finished(
        "interrupted" if stopped else "succeeded" if problem is None else "failed",
        seconds=done.seconds,
        rows=done.rows,
        error="" if problem is None else explain(problem),
        details={
            "first": str(done.asked[0]),
            "last": str(done.asked[-1]),
            "days": [str(day) for day in done.dates],
        },
    )
    with plan.warehouse.connect() as connection:
        runs.finish(connection, plan.settings, plan.run, COMMAND, end)
