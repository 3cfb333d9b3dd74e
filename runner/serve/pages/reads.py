"""What several pages read alike: rows as mappings, months in a row, and what is remembered as long as a mart is."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg.rows import dict_row

from runner.database.query import query
from runner.serve.charts import Chart, Column, Series, column_chart, line_chart
from runner.settings import Settings
from runner.words import Words, day

Row = dict[str, Any]
Value = TypeVar("Value")

MONTHS = 12
SHOWN = 25
DECISIONS = 5
REMEMBERED = 64

_lock = threading.Lock()
_values: OrderedDict[Hashable, Any] = OrderedDict()


def rows(connection: psycopg.Connection, settings: Settings, statement: LiteralString, **bound: object) -> list[Row]:
    """The rows of a named query, as mappings."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query(settings, statement), bound).fetchall()


def row(connection: psycopg.Connection, settings: Settings, statement: LiteralString, **bound: object) -> Row | None:
    """The first row of a named query."""
    return next(iter(rows(connection, settings, statement, **bound)), None)


def remembered(build: Hashable, name: Hashable, read: Callable[[], Value]) -> Value:
    """A value that is read once for each build of the mart it is read from.

    Args:
        build: The database and the moment the mart was computed.
        name: What is read, and everything it depends on.
        read: Reads it.
    """
    key = (build, name)
    with _lock:
        if key in _values:
            _values.move_to_end(key)
            found: Value = _values[key]
            return found
    value = read()
    with _lock:
        _values[key] = value
        while len(_values) > REMEMBERED:
            _values.popitem(last=False)
    return value


def month_before(month: date, months: int = 1) -> date:
    """The first date of the month this many months earlier."""
    number = month.year * MONTHS + month.month - 1 - months
    return date(number // MONTHS, number % MONTHS + 1, 1)


def month_chart(title: str, unit: str, months: Mapping[date, Decimal], as_of: date, words: Words) -> Chart | None:
    """Amounts of the last twelve months, each with the same month of the year before.

    Args:
        title: What it shows.
        unit: What is measured.
        months: Amounts by the first date of their month; one that is missing is 0 from the first month on.
        as_of: The date up to which the last month counts.
        words: Writes amounts.
    """
    if not months:
        return None
    newest, oldest = as_of.replace(day=1), min(months)
    shown = [month_before(newest, ago) for ago in reversed(range(MONTHS))]

    def amount(month: date) -> Decimal | None:
        return months.get(month, Decimal(0)) if month >= oldest else None

    columns = [Column(f"{month:%b}", amount(month), amount(month_before(month, MONTHS))) for month in shown]
    is_whole = month_before(newest, -1).toordinal() - as_of.toordinal() == 1
    note = "" if is_whole else f"The last month counts up to {day(as_of)}, the month it is compared with is whole."
    return column_chart(
        f"{title}, {shown[0]:%B %Y} to {newest:%B %Y}",
        unit,
        columns,
        words.amount,
        named="these twelve months",
        before="a year before",
        note=note,
    )


def index_chart(title: str, indices: Sequence[Row], note: str = "") -> Chart | None:
    """A chained price index as a line."""
    points = [(one["month"], one["chained_index"]) for one in indices]
    if len(points) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    unit = f"chained Fisher index, {indices[0]['month']:%B %Y} = 100"
    return line_chart(title, unit, [Series("price index", points)], lambda value: f"{value:.1f}", note=note)


def page_of(text: str) -> int:
    """The number of a page of a long list; the first where it is none."""
    return max(1, int(text)) if text.isdecimal() and len(text) < 7 else 1  # noqa: PLR2004 - no list is that long


def top(groups: Sequence[Row], column: str, limit: int = SHOWN) -> Sequence[Row]:
    """The groups with the largest values of a column."""
    return sorted(groups, key=lambda group: -group[column])[:limit]
