"""What was spent and what was paid in any period: the procurement marts' comparisons, not tied to their windows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from runner.database.query import query
from runner.errors import FieldlabError, NotBuiltError
from runner.lookup import Called, choose
from runner.settings import Settings

# A period without a first date is this long, in days.
DEFAULT_DAYS = 30

# What spending can be compared by: the columns that make a group, and how they are read.
GROUPINGS: Mapping[str, Mapping[str, LiteralString]] = {
    "branch": {"branch_id": "branch_id", "branch_name": "branch_name"},
    "vendor": {"vendor_id": "vendor_id", "vendor_name": "vendor_name"},
    "item": {"item_id": "item_id", "item_name": "item_name"},
    "department": {"department_id": "department_id", "department_name": "department_name"},
    "cost-center": {"cost_center_id": "cost_center_id", "cost_center_name": "cost_center_name"},
    "month": {"month": "cast(date_trunc('month', date) as date)"},
}

# What spend_bridge may be summed by, the names of its periods as they are asked for, and what a change is made of.
BRIDGED = ("item", "vendor", "branch")
COMPARISONS: Mapping[str, str] = {"year": "year", "quarter": "quarter", "fiscal": "fiscal_year"}

# Each run builds this mart as a whole; the rows of invoice_lines keep the as-of date that they were computed with.
AS_OF = "select as_of from {procurement}.branch_spending limit 1"

FIND_ITEM = """
select item_id, item_name, unit
from {procurement}.items
where cast(item_id as text) = %(text)s or lower(item_name) = lower(%(text)s)
order by item_id
"""

ITEM_NAMES = "select distinct item_name from {procurement}.items"

SPENDING = """
select
    {columns}
    coalesce(sum(amount), 0) as total_amount,
    coalesce(sum(quantity), 0) as quantity,
    count(*) as line_count,
    count(distinct invoice_id) as invoice_count
from {procurement}.invoice_lines
where
    date between %(first)s and %(last)s
    and (cast(%(item_id)s as integer) is null or item_id = %(item_id)s)
group by grouping sets (({groups}))
"""

BRIDGE_PERIOD = """
select starts_on, ends_on, before_starts_on, before_ends_on, before_is_complete, as_of
from {procurement}.spend_bridge
where period = %(period)s
limit 1
"""

BRIDGE = """
select
    {columns}
    coalesce(sum(amount_before), 0) as amount_before,
    coalesce(sum(amount_now), 0) as amount_now,
    coalesce(sum(change), 0) as change,
    coalesce(sum(price_effect), 0) as price_effect,
    coalesce(sum(mix_effect), 0) as mix_effect,
    coalesce(sum(volume_effect), 0) as volume_effect,
    coalesce(sum(new_item_effect), 0) as new_item_effect,
    coalesce(sum(lost_item_effect), 0) as lost_item_effect,
    coalesce(sum(other_effect), 0) as other_effect
from {procurement}.spend_bridge
where
    period = %(period)s
    and (cast(%(item_id)s as integer) is null or item_id = %(item_id)s)
group by grouping sets (({groups}))
"""

# Prices leave out credit notes and free goods.
PRICES = """
select
    vendor_id,
    vendor_name,
    branch_id,
    branch_name,
    sum(unit_price) as price_sum,
    min(unit_price) as min_price,
    max(unit_price) as max_price,
    count(*) as line_count,
    sum(quantity) as quantity
from {procurement}.invoice_lines
where
    item_id = %(item_id)s
    and date between %(first)s and %(last)s
    and quantity > 0
    and unit_price > 0
group by vendor_id, vendor_name, branch_id, branch_name
"""

Row = dict[str, Any]


class PeriodError(FieldlabError):
    """A period ends before it begins."""


class Period(NamedTuple):
    """Dates from the first to the last, both included."""

    first: date
    last: date


class Item(NamedTuple):
    """An item as people know it."""

    item_id: int
    item_name: str
    unit: str | None


@dataclass(frozen=True)
class Spending:
    """What was spent in a period.

    Attributes:
        period: The dates asked for.
        as_of: The date the marts are about: nothing after it is counted. None when they are empty.
        total: `total_amount`, `quantity`, `line_count`, `invoice_count` and `avg_unit_price` of the whole.
        groups: The same per group with its id and name and `spend_share`; the largest amount first, months in order.
        by: What the groups are.
        item: The one item this is about, if it is.
    """

    period: Period
    as_of: date | None
    total: Row
    groups: Sequence[Row]
    by: str
    item: Item | None = None


@dataclass(frozen=True)
class Bridge:
    """Why spending changed from one half of a period to the other.

    Attributes:
        comparison: One of `COMPARISONS`.
        now: The half that ends on the as-of date.
        before: The half it is compared with.
        before_is_complete: Whether the source reaches back to that half's first date.
        as_of: The date the marts are about.
        total: `amount_before`, `amount_now`, `change` and the six effects that add up to it, of the whole.
        groups: The same per group with its id and name; the largest change first, whichever way it goes.
        by: What the groups are.
        item: The one item this is about, if it is.
    """

    comparison: str
    now: Period
    before: Period
    before_is_complete: bool
    as_of: date
    total: Row
    groups: Sequence[Row]
    by: str
    item: Item | None = None


@dataclass(frozen=True)
class Prices:
    """What was paid for an item in a period.

    Attributes:
        item: The item.
        period: The dates asked for.
        as_of: The date the marts are about: nothing after it is counted. None when they are empty.
        network: `network_avg_price`, `network_min_price` and `network_max_price` over all purchase lines; null without.
        benchmark: As in item_price_benchmarks, over `prices`.
        prices: As in price_variance, per vendor and branch; the lowest price first.
    """

    item: Item
    period: Period
    as_of: date | None
    network: Row
    benchmark: Row
    prices: Sequence[Row]


def marts_as_of(connection: psycopg.Connection, settings: Settings) -> date | None:
    """The date the procurement marts are about; None when they hold no invoice.

    Raises:
        FieldlabError: There are no marts yet.
    """
    with _built_marts():
        found = connection.execute(query(settings, AS_OF)).fetchone()
    return found[0] if found else None


def choose_period(connection: psycopg.Connection, settings: Settings, first: date | None, last: date | None) -> Period:
    """The period asked for; what is not given follows from the date the marts are about.

    Raises:
        PeriodError: It ends before it begins.
        FieldlabError: The marts are empty and no last date is given.
        NotBuiltError: There are no marts yet.
    """
    last = last or marts_as_of(connection, settings)
    if last is None:
        raise FieldlabError("The marts hold no invoice at all.", "Load some with `fieldlab load`, then `fieldlab run`.")
    first = first or last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last:
        raise PeriodError(f"The period ends before it begins: from {first} to {last}.")
    return Period(first, last)


def find_item(connection: psycopg.Connection, settings: Settings, text: str) -> Item:
    """Find an item by number, by name, or by name in other capitals.

    Raises:
        AmbiguousError: Several items have this name.
        FieldlabError: There is none, or there are no marts yet.
    """
    with _built_marts():
        rows = connection.execute(query(settings, FIND_ITEM), {"text": text}).fetchall()
    return choose(
        "item",
        text,
        [Item(*row) for row in rows],
        lambda item: Called(str(item.item_id), item.item_name or ""),
        lambda: [name for (name,) in connection.execute(query(settings, ITEM_NAMES)) if name],
    )


def spending(
    connection: psycopg.Connection, settings: Settings, period: Period, by: str, item: Item | None
) -> Spending:
    """What was spent in a period, compared by one of `GROUPINGS`; credit notes and free goods count.

    Raises:
        FieldlabError: There are no marts yet.
    """
    as_of = marts_as_of(connection, settings)
    bound = {"first": period.first, "last": period.last, "item_id": item.item_id if item else None}
    with connection.cursor(row_factory=dict_row) as cursor:
        (total,) = cursor.execute(_grouped_query(settings, SPENDING, {}), bound).fetchall()
        groups = cursor.execute(_grouped_query(settings, SPENDING, GROUPINGS[by]), bound).fetchall()
    return Spending(period, as_of, _priced(total), shared(groups, by), by, item)


def bridge(
    connection: psycopg.Connection, settings: Settings, comparison: str, by: str, item: Item | None
) -> Bridge | None:
    """Why spending changed, by one of `BRIDGED`; None where there is no line in either half.

    Raises:
        FieldlabError: There are no marts yet.
    """
    bound = {"period": COMPARISONS[comparison], "item_id": item.item_id if item else None}
    with connection.cursor(row_factory=dict_row) as cursor, _built_marts():
        dates = cursor.execute(query(settings, BRIDGE_PERIOD), bound).fetchone()
        if dates is None:
            return None
        (total,) = cursor.execute(_grouped_query(settings, BRIDGE, {}), bound).fetchall()
        groups = cursor.execute(_grouped_query(settings, BRIDGE, GROUPINGS[by]), bound).fetchall()
    number, name = GROUPINGS[by]
    return Bridge(
        comparison,
        Period(dates["starts_on"], dates["ends_on"]),
        Period(dates["before_starts_on"], dates["before_ends_on"]),
        dates["before_is_complete"],
        dates["as_of"],
        total,
        sorted(groups, key=lambda row: (-abs(row["change"]), row[name] or "", row[number] is None, row[number])),
        by,
        item,
    )


def prices(connection: psycopg.Connection, settings: Settings, period: Period, item: Item) -> Prices:
    """What each branch paid each vendor for an item in a period, beside what all of them paid.

    Raises:
        FieldlabError: There are no marts yet.
    """
    as_of = marts_as_of(connection, settings)
    bound = {"first": period.first, "last": period.last, "item_id": item.item_id}
    with connection.cursor(row_factory=dict_row) as cursor:
        groups = cursor.execute(query(settings, PRICES), bound).fetchall()
    return Prices(item, period, as_of, network(groups), benchmark(groups), compared(groups))


def shared(groups: Iterable[Row], by: str) -> list[Row]:
    """Groups of spending with their part of the whole, in order: months by date, others by amount, name and id.

    The part is null where the whole is not above 0.
    """
    rows = [_priced(group) for group in groups]
    whole = _sum(rows, "total_amount")
    for row in rows:
        row["spend_share"] = published(Fraction(row["total_amount"]) / whole) if whole > 0 else None
    if by == "month":
        return sorted(rows, key=lambda row: row["month"])
    number, name = GROUPINGS[by]
    return sorted(rows, key=lambda row: (-row["total_amount"], row[name] or "", row[number] is None, row[number]))


def network(groups: Sequence[Row]) -> Row:
    """The plain mean, lowest and highest unit price over all purchase lines of an item; null without any."""
    lines = sum(group["line_count"] for group in groups)
    return {
        "network_avg_price": published(_sum(groups, "price_sum") / lines) if lines else None,
        "network_min_price": min((group["min_price"] for group in groups), default=None),
        "network_max_price": max((group["max_price"] for group in groups), default=None),
        "network_line_count": lines,
    }


def benchmark(groups: Sequence[Row]) -> Row:
    """The range of an item's prices, each vendor and branch counting once; null without any."""
    means = [_mean(group) for group in groups]
    return {
        "avg_price": published(sum(means, Fraction(0)) / len(means)) if means else None,
        "min_price": published(min(means)) if means else None,
        "max_price": published(max(means)) if means else None,
        "price_range": published(max(means) - min(means)) if means else None,
        "branch_count": len({group["branch_id"] for group in groups}),
        "snapshot_count": len(means),
    }


def compared(groups: Sequence[Row]) -> list[Row]:
    """Each vendor's price in each branch, how far it lies from the mean of all lines, and the vendor's widest distance.

    Sorted by price, then by the names of vendor and branch.
    """
    if not groups:
        return []
    average = _sum(groups, "price_sum") / sum(group["line_count"] for group in groups)
    variance = {_key(group): (_mean(group) - average) / average * 100 for group in groups}
    widest: dict[int | None, Fraction] = {}
    for (vendor_id, _), value in variance.items():
        widest[vendor_id] = max(widest.get(vendor_id, value), value, key=lambda v: (abs(v), v))
    ordered = sorted(groups, key=lambda g: (_mean(g), g["vendor_name"] or "", g["branch_name"] or "", str(_key(g))))
    return [
        {
            **{column: group[column] for column in ("vendor_id", "vendor_name", "branch_id", "branch_name")},
            "price": published(_mean(group)),
            "line_count": group["line_count"],
            "quantity": group["quantity"],
            "variance_from_avg_pct": published(variance[_key(group)]),
            "max_variance_pct": published(widest[group["vendor_id"]]),
        }
        for group in ordered
    ]


def published(value: Fraction) -> Decimal:
    """A mean, share or ratio as the marts publish it: 12 decimals, half away from zero."""
    whole, rest = divmod(abs(value.numerator) * 10**12, value.denominator)
    units = whole + (2 * rest >= value.denominator)
    return (Decimal(units) if value >= 0 else -Decimal(units)).scaleb(-12)


@contextmanager
def _built_marts() -> Iterator[None]:
    try:
        yield
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise NotBuiltError(
            "There are no procurement marts yet.", "Make them with `fieldlab run --job spending-metrics`."
        ) from error


def _priced(row: Row) -> Row:
    """A row of spending with its mean unit price, null unless the quantity is above 0."""
    quantity = Fraction(row["quantity"])
    mean = published(Fraction(row["total_amount"]) / quantity) if quantity > 0 else None
    return {**row, "avg_unit_price": mean}


def _mean(group: Row) -> Fraction:
    return Fraction(group["price_sum"]) / Fraction(group["line_count"])


def _sum(rows: Iterable[Row], column: str) -> Fraction:
    return sum((Fraction(row[column]) for row in rows), Fraction(0))


def _key(group: Row) -> tuple[int | None, int | None]:
    return group["vendor_id"], group["branch_id"]


def _grouped_query(settings: Settings, statement: LiteralString, grouping: Mapping[str, LiteralString]) -> sql.Composed:
    """A query with its groups; without any, it gives one row for the whole."""
    columns = [sql.SQL("{} as {},").format(sql.SQL(how), sql.Identifier(name)) for name, how in grouping.items()]
    return query(
        settings,
        statement,
        columns=sql.SQL(" ").join(columns),
        groups=sql.SQL(", ").join(sql.SQL(how) for how in grouping.values()),
    )
