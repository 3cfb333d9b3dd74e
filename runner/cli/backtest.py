"""`fieldlab backtest`: would the advice have been right?"""

from datetime import UTC, date, datetime

import click

from runner.alignment.backtest import Plan, cut_offs, run_backtest, verdicts
from runner.alignment.backtest_view import LEAK, WHAT_IT_MEASURES, render
from runner.cli.console import echo_json, log, out
from runner.cli.options import date_option, example
from runner.database.migrate import ensure
from runner.database.warehouse import open_warehouse
from runner.ops.prepare import today
from runner.ops.runs import Run
from runner.settings import load_settings

MOST_DAYS = 3660


@click.command(
    short_help="Measure whether past advice would have been right.",
    epilog=example("fieldlab backtest --from 2025-01-31 --to 2025-10-31"),
)
@date_option("--from", "first", required=True, help="The first cut-off, a date that advice is given as of.")
@date_option("--to", "last", required=True, help="The last date that counts as an outcome.")
@click.option(
    "--every",
    type=click.IntRange(1, MOST_DAYS),
    default=90,
    show_default=True,
    help="Days from one cut-off to the next.",
)
@click.option(
    "--follow",
    type=click.IntRange(1, MOST_DAYS),
    default=90,
    show_default=True,
    help="Days after a cut-off in which dealers may follow the advice.",
)
@click.option("--vendor", "vendor_id", metavar="ID", help="Only this vendor.")
@click.option(
    "--seed",
    type=int,
    default=1,
    show_default=True,
    help="Seed of the resampling: the same seed gives the same intervals.",
)
@click.option(
    "--with-selections",
    is_flag=True,
    help="Count selections with the status of today, which leaks later decisions into the test.",
)
@date_option("--as-of", envvar="FIELDLAB_AS_OF", show_envvar=True, help="The date that counts as today.")
@click.option("--json", "as_json", is_flag=True, help="Print every row as JSON.")
def backtest(
    *,
    first: date,
    last: date,
    every: int,
    follow: int,
    vendor_id: str | None,
    seed: int,
    with_selections: bool,
    as_of: date | None,
    as_json: bool,
) -> None:
    """Measure whether past advice would have been right.

    At each cut-off, dealers are advised what to add and what to drop from what was known on that date; the days after
    it show what they did. docs/backtest.md explains the numbers.
    """
    settings = load_settings()
    newest = as_of or today(settings)
    if last > newest:
        raise click.UsageError(f"--to {last} lies after today ({newest}): what came of the advice is not known yet.")
    if every < follow:
        raise click.UsageError(
            f"--every {every} is less than --follow {follow}: the windows would overlap and count a display twice."
        )
    dates = cut_offs(first, last, every, follow)
    if not dates:
        raise click.UsageError(f"No cut-off fits: {follow} days after {first} end later than --to {last}.")
    plan = Plan(dates, follow, vendor_id, seed, with_selections)
    run = Run(as_of=newest, explicit_as_of=as_of is not None)
    with open_warehouse(settings) as warehouse, warehouse.connect(autocommit=True) as connection:
        ensure(connection, settings)
        rows = run_backtest(connection, settings, plan, run, datetime.now(UTC))

    is_leaky = any(row.basis == "leaky" for row in rows)
    if not as_json:
        out().print(render(rows, plan))
        return
    if is_leaky:
        log(LEAK)
    echo_json(
        {
            "run_id": run.run_id,
            "cut_offs": dates,
            "follow_days": follow,
            "seed": seed,
            "leaky": is_leaky,
            "remarks": [WHAT_IT_MEASURES, *([LEAK] if is_leaky else [])],
            "verdicts": verdicts(rows),
            "rows": [row._asdict() for row in rows],
        }
    )
