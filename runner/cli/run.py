"""`fieldlab run` and `fieldlab backfill`."""

import logging
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import click
from rich.table import Table

from runner.cli import console, signals
from runner.cli.options import LONGEST_WAIT, date_option, example, log_format_option, wait_option
from runner.cli.progress import SHOWN
from runner.cli.signals import stoppable
from runner.database.warehouse import open_warehouse
from runner.dbt.jobs import JOB_NAMES
from runner.engines import ENGINES
from runner.errors import FieldlabError, UnfitDataError
from runner.ops.alerts import Alert, alert_of, alert_of_error, is_web_address, post
from runner.ops.backfill import HISTORIES
from runner.ops.backfill import backfill as fill_history
from runner.ops.lock import RunLock
from runner.ops.pipeline import run_pipeline
from runner.ops.report import Request, RunReport
from runner.settings import load_settings

log = logging.getLogger(__name__)

SLOWEST = 5


def _web_address(_context: click.Context, _option: click.Parameter, url: str | None) -> str | None:
    if url and not is_web_address(url):
        raise click.BadParameter("it is no web address; it begins with https:// or http://. It is not shown here.")
    return url


@click.command(
    short_help="Build the marts with dbt, apply the rules, publish.",
    epilog=example("fieldlab run --job alignment --as-of 2025-10-31"),
)
@click.option(
    "--job",
    "jobs",
    multiple=True,
    type=click.Choice(JOB_NAMES),
    metavar="NAME",
    help=f"Run this job only; may be given several times. Jobs: {', '.join(JOB_NAMES)}.",
)
@date_option(
    "--as-of",
    envvar="FIELDLAB_AS_OF",
    show_envvar=True,
    help="The date that counts as today, as YYYY-MM-DD. Default: today in the business time zone.",
)
@click.option("--vendor", "vendor_id", metavar="ID", help="Publish alignment for this vendor only.")
@click.option("--full-refresh", is_flag=True, help="Rebuild incremental models from scratch; history is kept.")
@click.option(
    "--publish",
    "publish_anyway",
    is_flag=True,
    help="Publish even if a newer date is published, or if there is far less data than before.",
)
@click.option(
    "--time-limit",
    type=click.IntRange(1, LONGEST_WAIT),
    metavar="SECONDS",
    help="How long the run may take. Default: the sum of its jobs' limits.",
)
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    help="Build the marts there and copy them into PostgreSQL. Default: build them in PostgreSQL.",
)
@wait_option()
@click.option(
    "--notify",
    metavar="URL",
    envvar="FIELDLAB_NOTIFY_URL",
    show_envvar=True,
    callback=_web_address,
    help="Post to this web hook when the run fails, succeeds again or finds errors in the input. The URL is a secret.",
)
@log_format_option()
@click.option(
    "--run-id",
    type=click.UUID,
    metavar="UUID",
    help="What the run is called in `fieldlab jobs` and in what it writes. Default: a new id.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def run(
    *,
    jobs: tuple[str, ...],
    as_of: date | None,
    vendor_id: str | None,
    full_refresh: bool,
    publish_anyway: bool,
    time_limit: int | None,
    engine: str | None,
    wait: int,
    notify: str | None,
    run_id: UUID | None,
    as_json: bool,
) -> None:
    """Build the marts with dbt, apply the rules and publish the results.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 data not fit to publish, 4 another command that writes is under way.
    """
    if vendor_id is not None and jobs and "alignment" not in jobs:
        raise click.UsageError("--vendor limits what the job alignment publishes, which is not among the jobs.")
    request = Request(jobs, as_of, vendor_id, full_refresh, publish_anyway, time_limit, run_id=run_id, engine=engine)
    try:
        settings = load_settings()
        with open_warehouse(settings) as warehouse, stoppable():
            lock = RunLock(warehouse, settings, "run", wait=wait)
            report = run_pipeline(settings, warehouse, request, lock, limit=signals.time_limit, progress=SHOWN)
    except (Exception, KeyboardInterrupt) as error:
        _tell(notify, alert_of_error(error))
        raise
    undelivered = _tell(notify, alert_of(report))
    report = replace(report, notes=(*report.notes, *undelivered))
    if as_json:
        console.echo_json(report_json(report))
    else:
        print_report(report)
    if report.outcome != "succeeded":
        failure = UnfitDataError if report.exit_code == UnfitDataError.exit_code else FieldlabError
        raise failure(
            "\n".join(["The run failed.", *report.problems]),
            "`fieldlab doctor` looks for the cause; `fieldlab jobs` keeps the record.",
        )


def _tell(url: str | None, alert: Alert | None) -> list[str]:
    """Post an alert where there is one and somebody to tell; a note where that failed."""
    reason = post(url, alert) if url and alert else ""
    if not reason:
        return []
    log.warning(f"The alert was not delivered: {reason}.")
    return [f"The alert was not delivered: {reason}."]


def report_json(report: RunReport) -> dict[str, Any]:
    """A run's report for machines."""
    return {
        "run_id": str(report.run.run_id),
        "as_of": report.run.as_of,
        "explicit_as_of": report.run.explicit_as_of,
        "started_at": report.run.started_at,
        "seconds": round(report.seconds, 3),
        "outcome": report.outcome,
        "exit_code": report.exit_code,
        "jobs": [
            {
                "job": item.job.name,
                "outcome": item.end.outcome,
                "seconds": None if item.end.seconds is None else round(item.end.seconds, 3),
                "rows": item.end.rows,
                "published": item.end.published,
                "counts": item.end.details.get("counts", {}),
                "rules_left_out": item.end.details.get("rules_left_out", {}),
                "error": item.end.error or None,
            }
            for item in report.jobs
        ],
        "nodes": [
            {"node": node.unique_id, "status": node.status, "seconds": round(node.seconds, 3), "rows": node.rows}
            for node in report.nodes
        ],
        "problems": report.problems,
        "notes": report.notes,
    }


def print_report(report: RunReport) -> None:
    """A run's report for people, within 100 columns."""
    out = console.out()
    table = Table(title=f"Run as of {report.run.as_of}: {report.outcome} in {report.seconds:.1f} s")
    table.add_column("Job", no_wrap=True)
    table.add_column("Outcome", no_wrap=True)
    table.add_column("Seconds", justify="right")
    table.add_column("Rows", justify="right")
    table.add_column("Published", overflow="fold")
    for item in report.jobs:
        end = item.end
        seconds = "" if end.seconds is None else f"{end.seconds:.1f}"
        table.add_row(
            item.job.name, end.outcome, seconds, console.thousands(end.rows), _published(end.details, end.published)
        )
    out.print(table)

    built = [node for node in report.nodes if node.kind != "test"]
    slowest = sorted(built, key=lambda node: -node.seconds)[:SLOWEST]
    if slowest:
        tests = len(report.nodes) - len(built)
        out.print(f"dbt: {len(built)} models, seeds and snapshots, {tests} tests. The slowest:")
        for node in slowest:
            out.print(f"  {node.seconds:6.1f} s  {node.name}")
    for note in report.notes:
        out.print(note)


def _published(details: Any, published: bool | None) -> str:
    counts = ", ".join(f"{count:,} {name}" for name, count in details.get("counts", {}).items() if count)
    return counts or ("no" if published is False else "")


@click.command(
    short_help="Fill the history for dates on which nothing ran.",
    epilog=example("fieldlab backfill --from 2025-09-05 --to 2025-10-31 --every 7"),
)
@date_option("--from", "first", required=True, help="The first date.")
@date_option("--to", "last", required=True, help="The last date.")
@click.option(
    "--every", type=click.IntRange(min=1), default=1, show_default=True, metavar="DAYS", help="Days between two dates."
)
@click.option(
    "--job",
    "jobs",
    multiple=True,
    type=click.Choice(tuple(HISTORIES)),
    metavar="NAME",
    help=f"Fill this job's histories only; may be given several times. Jobs: {', '.join(HISTORIES)}.",
)
@click.option(
    "--publish",
    "publish_anyway",
    is_flag=True,
    help="Fill them although there is far less data than in the newest published run.",
)
@wait_option()
@log_format_option()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def backfill(
    *,
    first: date,
    last: date,
    every: int,
    jobs: tuple[str, ...],
    publish_anyway: bool,
    wait: int,
    as_json: bool,
) -> None:
    """Fill the history of influence, trends and prices, date by date.

    Each date replaces only its own rows. A backfill can be stopped at any time and repeated; it publishes nothing.
    """
    if first > last:
        raise click.UsageError(f"--from {first} lies after --to {last}.")
    dates = [date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1, every)]
    settings = load_settings()
    with open_warehouse(settings) as warehouse, stoppable():
        lock = RunLock(warehouse, settings, "backfill", wait=wait)
        done = fill_history(
            settings,
            warehouse,
            dates,
            jobs,
            lock,
            publish_anyway=publish_anyway,
            limit=signals.time_limit,
            progress=SHOWN,
        )
    if as_json:
        console.echo_json(
            {"from": first, "to": last, "days": done.dates, "rows": done.rows, "seconds": round(done.seconds, 3)}
        )
    else:
        click.echo(done.sentence())
