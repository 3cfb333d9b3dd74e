"""`fieldlab report`: what one dealer should keep, drop and add."""

from datetime import UTC, datetime

import click

from runner.alignment.read import choose_vendor, dealer_report, find_dealer, in_order
from runner.alignment.view import WIDTH, render
from runner.cli.console import echo_json, log, out
from runner.cli.options import example
from runner.database.migrate import ensure
from runner.database.warehouse import open_warehouse
from runner.lookup import AmbiguousError
from runner.settings import load_settings


@click.command(
    short_help="Show what a dealer should keep, drop and add.",
    epilog=example('fieldlab report "Grady Home Furnishings" --vendor marlowe-and-finch'),
)
@click.argument("dealer")
@click.option("--vendor", metavar="ID", help="The vendor; needed when the dealer is active for several.")
@click.option("--json", "as_json", is_flag=True, help="Print the report's data as JSON.")
def report(dealer: str, vendor: str | None, as_json: bool) -> None:
    """Show what DEALER (an id or a name) should keep, drop and add, and why.

    The published report is shown; it is computed again if it is missing or older than the marts.
    """
    settings = load_settings()
    with open_warehouse(settings) as warehouse, warehouse.connect(autocommit=True) as connection:
        ensure(connection, settings)
        try:
            found = find_dealer(connection, settings, dealer.strip())
            vendor_id = choose_vendor(connection, settings, found, vendor)
        except AmbiguousError as error:
            raise click.UsageError(str(error)) from error
        shown = dealer_report(connection, settings, found.dealer_id, vendor_id, datetime.now(UTC))

    if as_json:
        if shown.remark:
            log(shown.remark)
        echo_json(in_order(shown.data))
        return
    console = out()
    console.print(render(shown, found), width=min(console.width, WIDTH))
