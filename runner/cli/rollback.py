"""`fieldlab rollback`: what was published before is published again."""

import sys
from collections.abc import Sequence

import click

from runner.cli import console
from runner.cli.options import example, user, wait_option
from runner.cli.signals import stoppable
from runner.database import migrate
from runner.database.warehouse import open_warehouse
from runner.ops.lock import RunLock
from runner.ops.previous import Previous
from runner.ops.rollback import PutBack, as_json, find_sets, roll_back
from runner.ops.runs import Run
from runner.ops.shrink import PUBLISHING_JOBS
from runner.settings import load_settings


@click.command(
    short_help="Put back what was published before.",
    epilog=example("fieldlab rollback --job recommendations --yes"),
)
@click.option(
    "--job",
    "jobs",
    multiple=True,
    type=click.Choice([*PUBLISHING_JOBS.values()]),
    metavar="NAME",
    help="Only what this job published: alignment or recommendations. Default: both.",
)
@click.option("--by", metavar="NAME", help="Who does it. Default: the signed-in user.")
@click.option(
    "--keep-decisions", is_flag=True, help="Go on although recommendations were decided since: these stay decided."
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@wait_option()
@click.option("--json", "as_json_", is_flag=True, help="Print the result as JSON.")
def rollback(
    *, jobs: Sequence[str], by: str | None, keep_decisions: bool, yes: bool, wait: int, as_json_: bool
) -> None:
    """Put back what was published before the newest publication: alignment's reports, open recommendations.

    One set of each is kept until the next publication succeeds. Marts are not put back: run the date again. The next
    run publishes anew, so correct the cause first.
    """
    if by is not None and not by.strip():
        raise click.UsageError("--by must name somebody.")
    settings = load_settings()
    with (
        stoppable(),
        open_warehouse(settings) as warehouse,
        RunLock(warehouse, settings, "rollback", wait=wait),
        warehouse.connect(autocommit=True) as connection,
    ):
        migrate.ensure(connection, settings)
        sets = find_sets(connection, settings, jobs)
        _confirm(sets, yes=yes)
        done = roll_back(connection, settings, sets, by=by or user(), keep_decisions=keep_decisions)
    if as_json_:
        console.echo_json([as_json(one) for one in done])
        return
    for one in done:
        click.echo(_sentence(one))


def _confirm(sets: Sequence[Previous], *, yes: bool) -> None:
    if yes:
        return
    plan = "\n".join(
        f"{kept.job}: {_named(kept.replaced_by)} is taken back, {_named(kept.run)} is published again." for kept in sets
    )
    if not sys.stdin.isatty():
        raise click.UsageError(f"{plan}\nConfirm it with --yes.")
    click.echo(plan, err=True)
    click.confirm("Roll back?", abort=True, err=True)


def _named(run: Run) -> str:
    return f"as of {run.as_of} (run of {run.started_at:%Y-%m-%d %H:%M} UTC)"


def _sentence(done: PutBack) -> str:
    counts = ", ".join(f"{number:,} {name}" for name, number in done.counts.items())
    return f"{done.kept.job}: published again as of {done.kept.run.as_of}: {counts}."
