"""`fieldlab similar`: what is like a product or a dealer."""

from decimal import Decimal

import click
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from runner.alignment import similar as reading
from runner.alignment.similar import Similar
from runner.cli.console import echo_json, out
from runner.cli.options import example
from runner.database.warehouse import open_warehouse
from runner.lookup import AmbiguousError
from runner.settings import load_settings

SHOWN = 10
BASES = {"selections": "same dealers", "text": "alike in words"}


@click.command(
    short_help="Show what is like a product or a dealer.",
    epilog=example('fieldlab similar "Halcyon Sofa"', 'fieldlab similar "Grady Home Furnishings"'),
)
@click.argument("text", metavar="PRODUCT|DEALER")
@click.option("--vendor", "vendor_id", metavar="ID", help="Only products, dealers and collections of this vendor.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=SHOWN,
    show_default=True,
    help="At most this many lines of each list.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def similar(text: str, vendor_id: str | None, limit: int, *, as_json: bool) -> None:
    """Show what is like a product or a dealer, given by id, SKU or name.

    For a product: what to offer when a dealer turns it down. For a dealer: whose assortment is most like its own, and
    what those dealers carry that it does not.
    """
    settings = load_settings()
    with open_warehouse(settings) as warehouse, warehouse.connect() as connection:
        connection.read_only = True
        try:
            subject = reading.find_product_or_dealer(connection, settings, text.strip(), vendor_id)
        except AmbiguousError as error:
            raise click.UsageError(str(error)) from error
        found = reading.similar(connection, settings, subject, vendor_id, limit)
    if as_json:
        echo_json(
            {
                "kind": subject.kind,
                "id": subject.id,
                "name": subject.name,
                "similar": found.listed,
                **({"collections": found.collections} if subject.kind == "dealer" else {}),
            }
        )
        return
    out().print(render(found))


def render(found: Similar) -> RenderableType:
    """The lists for a terminal, within 100 columns."""
    subject = found.subject
    about = " · ".join(part for part in (subject.kind, subject.sku, subject.remark) if part)
    head: list[RenderableType] = [Text(subject.name, style="bold"), Text(about, style="dim"), ""]
    if not found.listed:
        return Group(*head, Text(_nothing(subject.kind)))
    if subject.kind == "product":
        return Group(*head, _products(found))
    return Group(*head, _dealers(found), "", *_collections(found))


def _nothing(kind: str) -> str:
    if kind == "product":
        return "No other product of the vendor shares a dealer or a word with it."
    return (
        "No other dealer carries one of its collections, or similar_dealers is switched off (enable_similar_dealers)."
    )


def _products(found: Similar) -> RenderableType:
    table = _table("product", "SKU", "similarity", "dealers who chose both", "because")
    for place, row in enumerate(found.listed, 1):
        table.add_row(
            str(place),
            Text(row["similar_product_name"]),
            Text(row["similar_sku"]),
            _percent(row["similarity"]),
            f"{row['shared_dealer_count']:,}",
            BASES[row["basis"]],
        )
    return table


def _dealers(found: Similar) -> RenderableType:
    table = _table("dealer", "similarity", "collections in common", "of its")
    for place, row in enumerate(found.listed, 1):
        table.add_row(
            str(place),
            Text(row["similar_dealer_name"]),
            _percent(row["similarity"]),
            f"{row['shared_count']:,}",
            f"{row['similar_carried_count']:,}",
        )
    return table


def _collections(found: Similar) -> list[RenderableType]:
    if not found.collections:
        return [Text("They carry nothing that this dealer does not carry.")]
    table = _table("what they carry and this dealer does not", "vendor", "carried by")
    for place, row in enumerate(found.collections, 1):
        table.add_row(
            str(place),
            Text(row["collection_name"]),
            Text(row["vendor_id"]),
            f"{row['dealer_count']} of {len(found.listed)}",
        )
    return [table]


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", justify="right")
    table.add_column(first, overflow="fold")
    for name in others:
        table.add_column(name, justify="left" if name in ("SKU", "vendor", "because") else "right")
    return table


def _percent(similarity: Decimal) -> str:
    return f"{similarity * 100:.0f}%"
