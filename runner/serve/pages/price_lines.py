"""What was paid for an item month by month, as lines: by vendor and by branch."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import psycopg

from runner.procurement.analysis import Item, published
from runner.serve.charts import SERIES, Band, Chart, Series, line_chart
from runner.serve.pages.reads import Row, rows
from runner.settings import Settings
from runner.words import Words, each


def vendor_prices(
    connection: psycopg.Connection,
    settings: Settings,
    item: Item,
    vendor_ids: Sequence[int | None] | None = None,
    benchmark: Row | None = None,
) -> Chart | None:
    """What vendors charged for an item, month by month.

    Args:
        connection: Reads only.
        settings: Names the schemas.
        item: The item.
        vendor_ids: These vendors in this order; None is those with the most purchases.
        benchmark: The item's row of item_price_benchmarks, to be drawn as a range behind the lines.
    """
    found = rows(connection, settings, _VENDOR_MONTHS, item_id=item.item_id)
    series = _series(found, "vendor", vendor_ids)
    months = sorted({one["month"] for one in found})
    words = Words(settings.currency)
    band = None
    if benchmark and months:
        low, high = benchmark["min_price"], benchmark["max_price"]
        ends = [(month, low, high) for month in (months[0], months[-1])]
        band = (
            Band(f"vendors and branches now: {words.price(low)} to {words.price(high)}", ends) if low < high else None
        )
    note = f"The {SERIES} vendors with the most purchases." if len(series) > SERIES else ""
    title = f"Price of {item.item_name or item.item_id} by vendor"
    return line_chart(title, _unit(item), series, words.price, band=band, note=note)


def branch_prices(
    connection: psycopg.Connection, settings: Settings, item: Item, branch_ids: Sequence[int | None]
) -> Chart | None:
    """What these branches paid for an item, month by month."""
    found = rows(connection, settings, _BRANCH_MONTHS, item_id=item.item_id, branch_ids=branch_ids)
    title = f"Price of {item.item_name or item.item_id} by branch"
    return line_chart(title, _unit(item), _series(found, "branch", branch_ids), Words(settings.currency).price)


def telling_branches(branches: Sequence[Row]) -> Sequence[int | None]:
    """The branches that buy most of an item, the one that pays most first.

    Args:
        branches: Rows of price_variance.
    """
    quantities: dict[int | None, Decimal] = {}
    for one in branches:
        quantities[one["branch_id"]] = quantities.get(one["branch_id"], Decimal(0)) + one["quantity"]
    dearest = [one["branch_id"] for one in sorted(branches, key=lambda one: -one["price"])[:1]]
    return list(dict.fromkeys([*dearest, *sorted(quantities, key=lambda one: -quantities[one])]))[:SERIES]


def _unit(item: Item) -> str:
    return f"mean unit price {each(item.unit)}, by month"


def _series(found: Sequence[Row], role: str, ids: Sequence[int | None] | None) -> Sequence[Series]:
    """A line of mean prices for each vendor or branch: those named, else all, most purchases first.

    A price is the plain mean of the unit prices of the month's purchases, as in `analysis.prices`.
    """
    months = sorted({one["month"] for one in found})
    by_key: dict[int | None, list[Row]] = {}
    for one in found:
        by_key.setdefault(one["id"], []).append(one)
    if ids is None:
        ids = sorted(by_key, key=lambda key: -sum(one["line_count"] for one in by_key[key]))
    series = []
    for group in (by_key[key] for key in ids if key in by_key):
        means = {one["month"]: published(Fraction(one["price_sum"]) / one["line_count"]) for one in group}
        name = group[0]["name"] or f"{role} {group[0]['id']}"
        series.append(Series(name, [(month, means.get(month)) for month in months]))
    return series


# The newest months of an item; a price leaves out credit notes and free goods.
_VENDOR_MONTHS = """
    select
        cast(date_trunc('month', date) as date) as month,
        vendor_id as id,
        vendor_name as name,
        sum(unit_price) as price_sum,
        count(*) as line_count
    from {procurement}.invoice_lines
    where
        item_id = %(item_id)s
        and date >= (select as_of - interval '3 years' from {procurement}.branch_spending limit 1)
        and quantity > 0
        and unit_price > 0
    group by 1, 2, 3
"""

_BRANCH_MONTHS = """
    select
        cast(date_trunc('month', date) as date) as month,
        branch_id as id,
        branch_name as name,
        sum(unit_price) as price_sum,
        count(*) as line_count
    from {procurement}.invoice_lines
    where
        item_id = %(item_id)s
        and branch_id = any(%(branch_ids)s::integer[])
        and date >= (select as_of - interval '3 years' from {procurement}.branch_spending limit 1)
        and quantity > 0
        and unit_price > 0
    group by 1, 2, 3
"""
