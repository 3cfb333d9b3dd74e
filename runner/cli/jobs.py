"""`fieldlab jobs`: what ran, when, how long, and what came of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.table import Table

from runner.cli import console
from runner.cli.options import example
from runner.database import migrate
from runner.database.warehouse import open_warehouse
from runner.dbt.jobs import JOB_NAMES
from runner.ops import runs
from runner.settings import load_settings

RUNS = ("run", "backfill")
SHORT_ID = 8  # characters


@click.command(
    short_help="Show the history of runs, the newest first.", epilog=example("fieldlab jobs --job alignment --limit 5")
)
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True, help="How many runs to show.")
@click.option(
    "--job",
    type=click.Choice((*JOB_NAMES, *RUNS)),
    metavar="NAME",
    help=f"Only this job: {', '.join(JOB_NAMES)}; or only whole runs: {', '.join(RUNS)}.",
)
@click.option("--failed", is_flag=True, help="Only what failed or was interrupted.")
@click.option("--run", "run_id", metavar="ID", help="Only this run, with its slowest nodes and what it published.")
@click.option("--json", "as_json", is_flag=True, help="Print the history as JSON.")
def jobs(*, limit: int, job: str | None, failed: bool, run_id: str | None, as_json: bool) -> None:
    """Show the history of runs, the newest first; it is kept for 180 days.

    ID is as much of a run's id as tells it from others, such as the eight characters that the list shows.
    """
    if run_id is not None and (job or failed):
        raise click.UsageError("--run shows one run with all its jobs: leave out --job and --failed.")
    settings = load_settings()
    with open_warehouse(settings) as warehouse, warehouse.connect() as connection:
        migrate.ensure(connection, settings)
        only = None if run_id is None else runs.find_id(connection, settings, run_id)
        rows = runs.history(connection, settings, limit=limit, job=job, failed=failed, run_id=only, order=JOB_NAMES)
    if as_json:
        console.echo_json(rows)
        return
    if not rows:
        click.echo("Nothing failed." if failed else "Nothing ran yet. Start with `fieldlab run`.")
        return
    out = console.out()
    out.print(history_table(rows))
    out.print("Times are UTC. A job's seconds are its own work: a model two jobs need counts for both.", style="dim")
    for line in reasons(rows) + (details_in_words(rows) if only else []):
        out.print(line)


def history_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """The history for people: each run above its jobs, within 100 columns."""
    table = Table()
    for name in ("Started", "Job", "As of", "Outcome"):
        table.add_column(name, no_wrap=True)
    for name in ("Seconds", "Rows"):
        table.add_column(name, no_wrap=True, justify="right")
    for row in rows:
        is_run = row["kind"] == "run"
        table.add_row(
            moment(row),
            f"{row['job']} {str(row['run_id'])[:SHORT_ID]}" if is_run else f"  {row['job']}",
            str(row["as_of"]),
            row["outcome"],
            "" if row["seconds"] is None else f"{row['seconds']:.1f}",
            console.thousands(row["rows"]),
            style="bold" if is_run else None,
        )
    return table


def reasons(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Why what did not succeed did not, one text per run and reason."""
    who: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row["error"]:
            who.setdefault((moment(row), row["error"]), []).append(row["job"])
    return [f"{started} {', '.join(names)}: {error}" for (started, error), names in who.items()]


def details_in_words(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What one run published, what it noted, and where its time went."""
    whole, *jobs = rows
    lines = [f"Run {whole['run_id']} on {whole['host']}"]
    lines += [f"  {row['job']}: {published_in_words(row)}" for row in jobs if row["published"] is not None]
    lines += whole["details"].get("notes", [])
    slowest = whole["details"].get("slowest", [])
    if slowest:
        lines.append("The slowest nodes of dbt:")
    lines += [f"  {node['seconds']:6.1f} s  {node['kind']} {node['node']}" for node in slowest]
    return lines


def published_in_words(row: Mapping[str, Any]) -> str:
    """What a job published."""
    if "rolled_back_by" in row["details"]:
        return f"published, then rolled back by {row['details']['rolled_back_by']}"
    if not row["published"]:
        return "not published"
    counts = ", ".join(f"{number:,} {name}" for name, number in row["details"].get("counts", {}).items() if number)
    return f"published {counts}".rstrip()


def moment(row: Mapping[str, Any]) -> str:
    """When a run or job began, UTC."""
    return f"{row['started_at']:%Y-%m-%d %H:%M:%S}"
