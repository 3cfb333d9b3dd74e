"""`fieldlab spending` and `fieldlab prices`: what was spent and paid in any period."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import click
import psycopg

from runner.cli.console import echo_json, out
from runner.cli.options import date_option, example
from runner.database.warehouse import open_warehouse
from runner.errors import FieldlabError
from runner.lookup import AmbiguousError
from runner.procurement import analysis
from runner.procurement.analysis import BRIDGED, COMPARISONS, GROUPINGS, Item, Period
from runner.procurement.analysis_view import render_bridge, render_prices, render_spending
from runner.settings import Settings, load_settings
from runner.words import Words

SHOWN = 20

Command = Callable[..., Any]


@contextmanager
def marts() -> Iterator[tuple[psycopg.Connection, Settings]]:
    """Open the warehouse to read from it."""
    settings = load_settings()
    with open_warehouse(settings) as warehouse, warehouse.connect(read_only=True) as connection:
        yield connection, settings


def period_options(command: Command) -> Command:
    """The options every comparison takes."""
    options = (
        date_option("--from", "first", help="First date. Default: 29 days before the last date."),
        date_option("--to", "last", help="Last date. Default: the as-of date of the marts."),
        click.option(
            "--limit", type=click.IntRange(min=1), default=SHOWN, show_default=True, help="At most this many lines."
        ),
        click.option("--json", "as_json", is_flag=True, help="Print everything as JSON."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(
    short_help="Compare what was spent in any period.",
    epilog=example("fieldlab spending --from 2025-07-01 --to 2025-09-30 --by vendor"),
)
@period_options
@click.option("--item", metavar="NUMBER|NAME", help="Only this item.")
@click.option("--by", type=click.Choice(list(GROUPINGS)), default="branch", show_default=True, help="What to group by.")
@click.option(
    "--compare",
    type=click.Choice(list(COMPARISONS)),
    help="Say why spending changed since a year before: the last 365 days, the last 90, or the fiscal year.",
)
def spending(
    first: date | None,
    last: date | None,
    item: str | None,
    by: str,
    limit: int,
    *,
    compare: str | None,
    as_json: bool,
) -> None:
    """Compare what was spent in any period, by branch, vendor, item, department, cost centre or month.

    Credit notes and free goods count.

    With --compare, by item, vendor or branch: how much of the change is prices, how much is quantity (volume), how much
    is buying more where it costs more (mix), and how much are items that are new or no longer bought.
    """
    if compare is not None:
        if first or last:
            raise click.UsageError("--compare has its own dates: leave out --from and --to.")
        if by not in BRIDGED:
            raise click.UsageError(f"--compare goes by {', '.join(BRIDGED)}, not by {by}.")
        compare_halves(compare, by, item, limit, as_json=as_json)
        return
    with marts() as (connection, settings):
        period = choose_period(connection, settings, first, last)
        one = choose_item(connection, settings, item) if item is not None else None
        found = analysis.spending(connection, settings, period, by, one)
    if as_json:
        echo_json(
            {
                **_period_json(found.period, found.as_of),
                "item": one and one._asdict(),
                "by": by,
                "total": found.total,
                "groups": found.groups,
            }
        )
        return
    out().print(render_spending(found, _words(settings), limit))


def compare_halves(compare: str, by: str, item: str | None, limit: int, *, as_json: bool) -> None:
    """Print why spending changed.

    Raises:
        FieldlabError: There is nothing to compare, or there are no marts yet.
    """
    with marts() as (connection, settings):
        one = choose_item(connection, settings, item) if item is not None else None
        found = analysis.bridge(connection, settings, compare, by, one)
    if found is None:
        hint = "Load some with `fieldlab load`, then `fieldlab run`."
        raise FieldlabError("There is no invoice line in either half.", hint)
    if as_json:
        echo_json(
            {
                "compare": compare,
                **_period_json(found.now, found.as_of),
                "before_from": found.before.first,
                "before_to": found.before.last,
                "before_is_complete": found.before_is_complete,
                "item": one and one._asdict(),
                "by": by,
                "total": found.total,
                "groups": found.groups,
            }
        )
        return
    out().print(render_bridge(found, limit))


@click.command(
    short_help="Compare what branches paid vendors for an item.",
    epilog=example('fieldlab prices "Chicken Breast" --from 2025-07-01 --to 2025-09-30'),
)
@click.argument("item", metavar="ITEM")
@period_options
def prices(item: str, first: date | None, last: date | None, limit: int, *, as_json: bool) -> None:
    """Compare what each branch paid each vendor for ITEM (a number or a name) in any period.

    A price is the plain mean of the unit prices of purchases; credit notes and free goods do not count.
    """
    with marts() as (connection, settings):
        period = choose_period(connection, settings, first, last)
        one = choose_item(connection, settings, item)
        found = analysis.prices(connection, settings, period, one)
    if as_json:
        echo_json(
            {
                "item": one._asdict(),
                **_period_json(found.period, found.as_of),
                **found.network,
                "benchmark": found.benchmark,
                "prices": found.prices,
            }
        )
        return
    out().print(render_prices(found, _words(settings), limit))


def choose_period(connection: psycopg.Connection, settings: Settings, first: date | None, last: date | None) -> Period:
    """The period asked for.

    Raises:
        click.UsageError: It ends before it begins.
        FieldlabError: There are no marts yet, or they are empty and no last date is given.
    """
    try:
        return analysis.choose_period(connection, settings, first, last)
    except analysis.PeriodError as error:
        raise click.UsageError(str(error)) from error


def choose_item(connection: psycopg.Connection, settings: Settings, text: str) -> Item:
    """The item that is meant.

    Raises:
        click.UsageError: Several items have this name.
        FieldlabError: None has.
    """
    try:
        return analysis.find_item(connection, settings, text.strip())
    except AmbiguousError as error:
        raise click.UsageError(str(error)) from error


def _period_json(period: Period, as_of: date | None) -> dict[str, Any]:
    return {"from": period.first, "to": period.last, "as_of": as_of}


def _words(settings: Settings) -> Words:
    return Words(settings.currency)
