"""A run from end to end: one dbt build, then the rules, then publishing, all of it on record.

When something goes wrong:

- a data test fails: the domains of the models it reads publish nothing; what was published before stays;
- a domain has far less data than before, or is gone: it is not built, and nothing of it is published or expires;
- a model fails: jobs whose own nodes all succeeded are published, the others are not;
- a rule fails: what the other rules found is published;
- the run ends as failed each time, and says what failed.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Any
from uuid import uuid4

import psycopg

from runner.database.sources import Absence, exists
from runner.database.warehouse import Warehouse
from runner.dbt.jobs import JOBS, Job, domains_read, find_jobs, job_nodes, marts, views_below
from runner.dbt.process import DbtResult, open_dbt
from runner.engines.build import POSTGRES_PART, build_on_engine
from runner.engines.marts import OPS_SELECTOR
from runner.errors import FieldlabError, TimeLimit, TimeLimitError, UnfitDataError, unlimited
from runner.load.contract import DOMAINS
from runner.ops import events, runs
from runner.ops.lock import RunLock
from runner.ops.marts import keep_marts, marts_of
from runner.ops.prepare import prepare, today
from runner.ops.progress import UNSEEN, RunProgress
from runner.ops.publishers import PUBLISHERS
from runner.ops.quality import source_findings
from runner.ops.readers import View, gone, views_on_results, watch_blockers
from runner.ops.report import JobReport, Request, RunReport, explain
from runner.ops.retry import with_retries
from runner.ops.runs import Finished, Published, Run
from runner.ops.shrink import Counts, count_sources, merged, shrunken
from runner.rules.registry import RULES
from runner.rules.seed import check_seed_file
from runner.settings import Settings

log = logging.getLogger(__name__)

SLOWEST = 10
"""How many nodes the history keeps the seconds of."""


def run_pipeline(
    settings: Settings,
    warehouse: Warehouse,
    request: Request,
    lock: RunLock | None = None,
    *,
    limit: TimeLimit = unlimited,
    progress: RunProgress = UNSEEN,
) -> RunReport:
    """Run jobs from end to end.

    Args:
        settings: The project, and the names of schemas.
        warehouse: The database.
        request: What to run.
        lock: The run lock of a command that does more than this; None takes one, or is refused.
        limit: Raises TimeLimitError in the work inside when it takes longer.
        progress: Shows what dbt does.

    Returns:
        The report, also when jobs failed.

    Raises:
        FieldlabError: The run could not begin: another one is under way, no such vendor, no database, no source tables.
        KeyboardInterrupt: It was stopped; the history says so.
    """
    run = Run(
        as_of=request.as_of or today(settings),
        explicit_as_of=request.as_of is not None,
        run_id=request.run_id or uuid4(),
    )
    jobs = find_jobs(request.jobs)
    lock = lock or RunLock(warehouse, settings)
    with _recorded(settings, warehouse, request, run), lock:
        absent = with_retries(lambda: prepare(settings, warehouse, request, jobs))
        work = _Work(settings, warehouse, request, run=run, jobs=jobs, absent=absent)
        work.begin()
        try:
            seconds = request.time_limit or sum(job.seconds for job in work.active)
            with watch_blockers(warehouse, settings) as work.blockers, limit(seconds):
                work.build(lock, progress)
                with_retries(lock.hold)
                work.publish()
        except TimeLimitError as error:
            work.fail(work.with_blockers(str(error)))
        except (FieldlabError, psycopg.Error) as error:
            work.fail(work.with_blockers(explain(error)))
        except BaseException as error:
            work.fail(explain(error), "interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
            work.finish()
            raise
        return work.finish()


@contextmanager
def _recorded(settings: Settings, warehouse: Warehouse, request: Request, run: Run) -> Iterator[None]:
    """Put on record that a run announced under an id could not begin."""
    try:
        yield
    except (FieldlabError, psycopg.Error) as error:
        if request.run_id is not None:
            with warehouse.connect() as connection:
                runs.record(connection, settings, run, "run", {}, error=explain(error))
        raise


class _Work:
    """A run under way: what was done so far, and how each job ended."""

    def __init__(
        self,
        settings: Settings,
        warehouse: Warehouse,
        request: Request,
        *,
        run: Run,
        jobs: Sequence[Job],
        absent: Mapping[str, Absence],
    ) -> None:
        self.settings = settings
        self.warehouse = warehouse
        self.request = request
        self.run = run
        self.jobs = jobs
        self.absent = absent
        self.active = [job for job in jobs if job.domain not in absent]
        self.counts: Counts = {}
        self.built = DbtResult()
        self.nodes_of: Mapping[str, frozenset[str]] = {}
        self.marts_of: Mapping[str, frozenset[str]] = {}
        self.failed_tests: Mapping[str, Sequence[str]] = {}
        self.ends: dict[str, Finished] = {}
        self.problems: list[str] = []
        self.unfit: set[str] = set()
        self.blockers: Callable[[], str] = str
        self.notes: list[str] = []
        self.source_errors: list[str] = []
        self.before: str | None = None
        if run.as_of > today(settings):
            self.notes.append(f"{run.as_of} lies ahead: once it is published, earlier dates need --publish.")
        self.begun = time.monotonic()

    def begin(self) -> None:
        """Write the run and its jobs into the history as running."""
        with_retries(self._begin)
        for domain, absence in self.absent.items():
            jobs = [job for job in self.jobs if job.domain == domain]
            sentence = f"{', '.join(job.name for job in jobs)}, because {absence.reason}."
            if absence.is_fault:
                self.problems.append(f"Not run: {sentence} {absence.hint}")
            else:
                self.notes.append(f"Left out: {sentence}")
            for job in jobs:
                self._end(job, "failed" if absence.is_fault else "left out", error=absence.reason)

    def _begin(self) -> None:
        with self.warehouse.connect() as connection:
            runs.begin(
                connection,
                self.settings,
                self.run,
                "run",
                [job.name for job in self.jobs],
                vendor_id=self.request.vendor_id,
                full_refresh=self.request.full_refresh,
            )
            self.before = runs.outcome_before(connection, self.settings, self.run, "run")

    def build(self, lock: RunLock, progress: RunProgress) -> None:
        """Run dbt once for all jobs; those whose half of it failed end here."""
        self._hold_back_what_shrank()
        self._check_parameters()
        names = [job.name for job in self.active if job.domain and job.name not in self.ends]
        if not names:
            return
        log.info(f"dbt builds {', '.join(names)} as of {self.run.as_of}.")

        with self.warehouse.connect() as connection:
            views = views_on_results(connection, self.settings)
        arguments = partial(
            build_arguments,
            names,
            whole=not self.request.jobs,
            full_refresh=self.request.full_refresh,
            snapshots=self.request.snapshots or self.run.as_of >= today(self.settings),
        )
        environment = {"FIELDLAB_AS_OF": self.run.as_of.isoformat(), "FIELDLAB_RUN_ID": str(self.run.run_id)}
        here = self._build_on_engine(arguments, environment, progress)
        with progress.dbt() as listen, open_dbt(self.settings, self.warehouse) as dbt:
            self.built = self.built.joined_by(dbt.run(here, environment, listen))
            if self.built.nodes:
                manifest = dbt.manifest()
                self.nodes_of = job_nodes(manifest, self.active)
                self.marts_of = {job.name: marts(manifest, job.name) for job in self.active}
                self.failed_tests = self._tests_failed(manifest)
                with_retries(lambda: self._keep_marts(manifest))
                dropped = self._dropped_views(manifest)
                if dropped:
                    made = dbt.run(["run", "--select", *dropped], environment, listen)
                    self.built = DbtResult((*self.built.nodes, *made.nodes), self.built.error or made.error)
        with_retries(lambda: self._note_dropped(views))
        for node in self.built.nodes:
            if node.status == "warn":
                log.info(f"Warning: {node.explain()}")
        if self.built.error:
            self._fault(self.built.error)
        for node in self.built.failures:
            self._fault(node.explain(), unfit=node.kind == "test" and node.status == "fail")
        with_retries(lock.hold)
        with_retries(self._note_quality)
        for job in self.active:
            error = "" if job.name in self.ends else self._build_error(job)
            if error:
                self._end(job, "failed", published=_unpublished(job), error=error)

    def _build_on_engine(
        self, arguments: Callable[..., list[str]], environment: Mapping[str, str], progress: RunProgress
    ) -> Sequence[str]:
        """Where an engine builds the marts, do so and copy them into PostgreSQL; dbt's arguments for the rest."""
        if self.request.engine is None:
            return arguments()
        there_only = [*arguments(without=[OPS_SELECTOR]), "--exclude-resource-type", "snapshot"]
        with progress.dbt() as listen:
            there = build_on_engine(
                self.settings,
                self.warehouse,
                self.request.engine,
                there_only,
                environment=environment,
                listen=listen,
            )
        self.built = there.result
        self.notes.extend(there.notes)
        return arguments(only=POSTGRES_PART, without=[f"{name}+" for name in there.kept])

    def publish(self) -> None:
        """Apply the rules of the jobs that were built and publish what they find."""
        for job in self.active:
            if job.name in self.ends:
                continue
            if job.name not in PUBLISHERS:
                self._end(job, "succeeded")
                continue
            newer = self._newer(job)
            failed_tests = self.failed_tests.get(job.domain or "")
            if failed_tests:
                error = f"Not published, because data tests failed: {', '.join(failed_tests)}."
                self._end(job, "failed", published=False, error=error)
            elif newer is not None:
                self.notes.append(
                    f"{job.name} was built but not published: {self.run.as_of} is older than what is published "
                    f"({newer}). --publish publishes it all the same."
                )
                self._end(job, "succeeded", published=False)
            else:
                self._publish(job)

    def fail(self, problem: str, outcome: str = "failed") -> None:
        """End every job that has not ended yet."""
        self.problems.append(problem)
        for job in self.active:
            if job.name not in self.ends:
                self._end(job, outcome, published=_unpublished(job), error=problem)

    def finish(self) -> RunReport:
        """Write how the run ended, and report."""
        outcomes = {end.outcome for end in self.ends.values()}
        failed = "failed" in outcomes or bool(self.problems)  # also of a model that belongs to no job
        outcome = "interrupted" if "interrupted" in outcomes else "failed" if failed else "succeeded"
        is_unfit = bool(self.problems) and self.unfit.issuperset(self.problems)
        seconds = time.monotonic() - self.begun
        all_marts = frozenset[str]().union(*self.marts_of.values())
        end = Finished(
            outcome,
            seconds=seconds,
            rows=self._rows(all_marts),
            error="\n".join(self.problems),
            details={
                "notes": self.notes,
                "nodes": len(self.built.nodes),
                "slowest": self._slowest(),
                "counts": self.counts,
            },
        )
        with_retries(lambda: self._record("run", end))
        return RunReport(
            run=self.run,
            outcome=outcome,
            seconds=seconds,
            jobs=tuple(JobReport(job, self.ends[job.name]) for job in self.jobs),
            nodes=self.built.nodes,
            problems=tuple(self.problems),
            notes=tuple(self.notes),
            exit_code=0 if outcome == "succeeded" else UnfitDataError.exit_code if is_unfit else 1,
            source_errors=tuple(self.source_errors),
            recovered=outcome == "succeeded" and self.before in {"failed", "interrupted"},
        )

    def with_blockers(self, problem: str) -> str:
        """A problem with who kept the run waiting for a lock, where that is what it was."""
        who = self.blockers() if any(words in problem for words in ("lock timeout", "time limit")) else ""
        return f"{problem}\nKept waiting by {who}." if who else problem

    def _fault(self, problem: str, *, unfit: bool = False) -> None:
        """Note what failed; `unfit` when the data is to blame and not the run."""
        problem = self.with_blockers(problem)
        self.problems.append(problem)
        if unfit:
            self.unfit.add(problem)

    def _hold_back_what_shrank(self) -> None:
        """Count what is read, and end the jobs of a domain with far less of it than in its newest published run."""
        domains = sorted({job.domain for job in self.active if job.domain})
        if not domains:
            return
        fallen = with_retries(lambda: self._count(domains))
        for words in filter(None, fallen.values()):
            self._fault(f"{words} Nothing of it is built or published; --publish does it all the same.", unfit=True)
        for job in self.active:
            problem = fallen.get(job.domain or "procurement")  # what expires is procurement's
            if problem:
                self._end(job, "failed", published=_unpublished(job), error=problem)

    def _count(self, domains: Sequence[str]) -> Mapping[str, str]:
        """Keep the counts of the domains; what fell too far in each, empty where nothing did."""
        with self.warehouse.connect() as connection:
            counts = {domain: count_sources(connection, self.settings, domain) for domain in domains}
            self.counts = merged(counts)
            runs.keep_counts(connection, self.settings, self.run, self.counts)
            if self.request.publish_anyway:
                return {}
            return {domain: shrunken(connection, self.settings, domain, counts[domain]) for domain in domains}

    def _keep_marts(self, manifest: Mapping[str, Any]) -> None:
        with self.warehouse.connect(autocommit=True) as connection:
            keep_marts(connection, self.settings, self.run, marts_of(manifest))

    def _note_dropped(self, views: list[View]) -> None:
        with self.warehouse.connect() as connection:
            self.notes.extend(
                f"The run dropped the view {view}: dbt replaces what it reads. As a model of the project it would stay."
                for view in gone(connection, views)
            )

    def _tests_failed(self, manifest: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
        """The tests that keep each domain from being published: those that read its models, or no domain's."""
        failed: dict[str, list[str]] = {}
        for node in self.built.nodes:
            if node.failed_test:
                for domain in domains_read(manifest, node.unique_id) or DOMAINS:
                    failed.setdefault(domain, []).append(node.name)
        return failed

    def _dropped_views(self, manifest: Mapping[str, Any]) -> list[str]:
        """The users' views that went with the tables they read and can be made again, as dbt selects them."""
        nodes = manifest["nodes"]
        views = views_below(manifest, {node.unique_id for node in self.built.nodes})
        others = {key: (nodes[key]["schema"], nodes[key]["alias"]) for reads in views.values() for key in reads}
        with self.warehouse.connect() as connection:
            there = {key for key, name in others.items() if exists(connection, *name)}
        return [".".join(nodes[key]["fqn"]) for key, reads in views.items() if reads <= there]

    def _note_quality(self) -> None:
        """Note what is wrong with the input of the domains that were built."""
        if not any(node.name == "source_quality" and node.status == "success" for node in self.built.nodes):
            return
        domains = {job.domain for job in self.active if job.domain}
        with self.warehouse.connect() as connection:
            findings = source_findings(connection, self.settings, domains) or []
        self.notes.extend(f"Source {finding.severity}: {finding.message}" for finding in findings)
        self.source_errors.extend(finding.message for finding in findings if finding.severity == "error")

    def _check_parameters(self) -> None:
        """End the jobs with rules when the rules' seed cannot be what is meant, before dbt spends time on them."""
        with_rules = [job for job in self.active if job.domain and job.name in PUBLISHERS]
        if not with_rules:
            return
        try:
            check_seed_file(self.settings.package_dir, RULES)
        except FieldlabError as error:
            self.problems.append(explain(error))
            for job in with_rules:
                self._end(job, "failed", published=False, error=str(error))

    def _build_error(self, job: Job) -> str:
        """Why the dbt half of a job failed; empty when it did not."""
        if not job.domain:
            return ""
        failed = [node for node in self.built.failures if node.unique_id in self.nodes_of.get(job.name, ())]
        if failed:
            return f"Failed: {', '.join(f'{node.kind} {node.name}' for node in failed)}."
        return self.built.error

    def _newer(self, job: Job) -> date | None:
        """The newest date published, when it is newer than this run's."""
        if not job.domain or self.request.publish_anyway:
            return None
        with self.warehouse.connect() as connection:
            newest = runs.newest_published(connection, self.settings, job.name)
        return newest.as_of if newest is not None and newest.as_of > self.run.as_of else None

    def _publish(self, job: Job) -> None:
        publisher = PUBLISHERS[job.name]
        if job.domain:
            log.info(f"The rules of {job.name} decide what to publish.")
        begun = time.monotonic()

        def work() -> Published:
            with self.warehouse.connect(autocommit=True) as connection:
                return publisher(connection, self.settings, self.run, self.request.vendor_id)

        try:
            published = with_retries(work)
        except Exception as error:  # noqa: BLE001 - one job's fault must not stop the others; it is told
            problem = self.with_blockers(f"{job.name} was not published. {explain(error)}")
            self.problems.append(problem)
            self._end(job, "failed", published=False, error=problem, seconds=time.monotonic() - begun)
            return
        problems = [f"rule {rule}: {reason}" for rule, reason in published.failed_rules.items()]
        self.problems.extend(problems)
        self.notes.extend(
            f"The rule {rule} was left out: {reason}." for rule, reason in published.rules_left_out.items()
        )
        self._end(
            job,
            "failed" if problems else "succeeded",
            published=True if job.domain else None,
            error="\n".join(problems),
            seconds=time.monotonic() - begun,
            counts=published.counts,
            rules_left_out=published.rules_left_out,
        )

    def _end(
        self,
        job: Job,
        outcome: str,
        *,
        published: bool | None = None,
        error: str = "",
        seconds: float = 0.0,
        counts: Mapping[str, int] | None = None,
        rules_left_out: Mapping[str, str] | None = None,
    ) -> None:
        """Put a job's end on record, and tell listeners when it succeeded."""
        nodes = [node for node in self.built.nodes if node.unique_id in self.nodes_of.get(job.name, ())]
        marts = [node for node in nodes if node.unique_id in self.marts_of.get(job.name, ())]
        end = Finished(
            outcome,
            seconds=sum(node.seconds for node in nodes) + seconds,
            rows=self._rows(frozenset(node.unique_id for node in marts)),
            published=published,
            error=error,
            details={
                "counts": dict(counts or {}),
                "rules_left_out": dict(rules_left_out or {}),
                "models": [{"name": node.name, "seconds": round(node.seconds, 3), "rows": node.rows} for node in marts],
            },
        )
        self.ends[job.name] = end
        with_retries(lambda: self._record(job.name, end, job.event if outcome == "succeeded" else None))

    def _record(self, job: str, end: Finished, event: str | None = None) -> None:
        with self.warehouse.connect() as connection:
            runs.finish(connection, self.settings, self.run, job, end)
            if event:
                values = {
                    "job": job,
                    "run_id": str(self.run.run_id),
                    "as_of": self.run.as_of,
                    "rows": end.rows,
                    **({} if end.published is None else {"published": end.published}),
                    **end.details["counts"],
                }
                events.notify(connection, event, values)

    def _slowest(self) -> list[dict[str, Any]]:
        """The nodes that took longest, for the history."""
        slowest = sorted(self.built.nodes, key=lambda node: -node.seconds)[:SLOWEST]
        return [
            {
                "kind": node.kind,
                "node": node.name,
                "status": node.status,
                "seconds": round(node.seconds, 3),
                "rows": node.rows,
            }
            for node in slowest
        ]

    def _rows(self, marts: frozenset[str]) -> int | None:
        """The rows that these marts wrote; None when none of them counts rows."""
        rows = [node.rows for node in self.built.nodes if node.unique_id in marts and node.rows is not None]
        return sum(rows) if rows else None


def _unpublished(job: Job) -> bool | None:
    """What a job that failed is recorded with: False where it has something to publish."""
    return False if job.name in PUBLISHERS else None


def build_arguments(
    job_names: Sequence[str],
    *,
    whole: bool,
    full_refresh: bool,
    snapshots: bool,
    only: Sequence[str] = (),
    without: Sequence[str] = (),
) -> list[str]:
    """The arguments of one dbt build for several jobs.

    Unit tests prove the models, not the data: they are for development.

    Args:
        job_names: The jobs to build.
        whole: Build the whole project, also what belongs to no job. A domain without jobs is left out with all that
            reads it; where only some jobs of a domain are named, what belongs to a job is built and nothing else.
        full_refresh: Build incremental models anew.
        snapshots: Build what keeps the present.
        only: Build of all that only what one of these selects, as dbt's --select names nodes.
        without: Leave out what one of these selects.
    """
    domains = {job.domain for job in JOBS if job.name in job_names}
    others = {job.domain for job in JOBS if job.domain and job.name not in job_names}
    if whole and not domains & others:
        selected = [*only]
        left_out = [*(f"source:raw_{domain}+" for domain in sorted(others)), *without]
    else:  # by tags, because dbt obeys only the last of several --selector
        tags = [f"+tag:{name}" for name in job_names]
        selected = [f"{part},{tag}" for part in only for tag in tags] or tags
        left_out = [*without]
    arguments = ["build"]
    arguments += ["--select", *selected] if selected else []
    arguments += ["--exclude", *left_out] if left_out else []
    arguments += ["--indirect-selection", "buildable", "--exclude-resource-type", "unit_test"]
    if not snapshots:
        arguments += ["--exclude-resource-type", "snapshot"]
    return [*arguments, "--full-refresh"] if full_refresh else arguments
