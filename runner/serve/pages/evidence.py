"""The numbers behind a recommendation as a chart: what it compares, over time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg

from runner.errors import NotFoundError
from runner.procurement import analysis
from runner.serve.charts import Chart, Column, Level, column_chart
from runner.serve.pages.price_lines import branch_prices, vendor_prices
from runner.serve.pages.reads import index_chart, row, rows
from runner.settings import Settings
from runner.words import Words, measured, quantity

Context = Mapping[str, Any]
Drawn = Callable[[psycopg.Connection, Settings, Context], Chart | None]


def evidence(connection: psycopg.Connection, settings: Settings, rule_id: str, context: Context) -> Chart | None:
    """The chart of a recommendation.

    Args:
        connection: Reads only.
        settings: Names the schemas.
        rule_id: The rule that found it.
        context: Its numbers, as stored.

    Returns:
        None where the rule compares nothing that a chart could show better than its sentence does.
    """
    draw = _CHARTS.get(rule_id)
    try:
        return draw(connection, settings, context) if draw else None
    except NotFoundError:  # the item is no longer in the source
        return None


def season_chart(item_name: str, pattern: Mapping[str, Decimal], marked: int | None = None) -> Chart | None:
    """How much more or less of an item is bought in each month of the year.

    Args:
        item_name: The item.
        pattern: As in purchase_patterns: "1" to "12", 1 is an average month.
        marked: The month that it is about.
    """
    columns = [
        Column(f"{date(2000, month, 1):%b}", pattern.get(str(month)), is_marked=month == marked)
        for month in range(1, 13)
    ]
    return column_chart(
        f"{item_name} through the year",
        "quantity of the month, 1 is an average month",
        columns,
        quantity,
        level=Level("average month", Decimal(1)),
    )


def _vendors(*ids: str) -> Drawn:
    """What the vendors of a rule charge for its item."""

    def draw(connection: psycopg.Connection, settings: Settings, context: Context) -> Chart | None:
        named = [one for name in ids for one in _listed(context.get(name))]
        return vendor_prices(connection, settings, _item(connection, settings, context), named)

    return draw


def _branches(*ids: str) -> Drawn:
    """What the branches of a rule pay for its item."""

    def draw(connection: psycopg.Connection, settings: Settings, context: Context) -> Chart | None:
        return branch_prices(
            connection, settings, _item(connection, settings, context), [context[name] for name in ids]
        )

    return draw


def _orders(measure: str, expected: str, words: str) -> Drawn:
    """Orders of an item by a branch, the one that it is about marked, against what is expected."""

    def draw(connection: psycopg.Connection, settings: Settings, context: Context) -> Chart | None:
        item = _item(connection, settings, context)
        found = rows(connection, settings, _ORDERS, item_id=item.item_id, branch_id=context["branch_id"])
        columns = [
            Column(
                f"{order['date'].day} {order['date']:%b}",
                order[measure],
                is_marked=order["invoice_id"] == context.get("invoice_id"),
            )
            for order in found
        ]
        level = Level(words, Decimal(str(context[expected])))
        title = f"Orders of {item.item_name} by {context['branch_name']}"
        if measure == "amount":
            return column_chart(title, "amount of each order", columns, Words(settings.currency).amount, level=level)
        unit = f"quantity of each order, {measured(Decimal(2), item.unit).partition(' ')[2]}"
        return column_chart(title, unit, columns, quantity, level=level)

    return draw


def _season(connection: psycopg.Connection, settings: Settings, context: Context) -> Chart | None:
    found = row(connection, settings, _SEASON, item_id=context["item_id"])
    if found is None or found["seasonality_pattern"] is None:
        return None
    return season_chart(context["item_name"], decimals(found["seasonality_pattern"]), context["month"])


def _vendor_index(connection: psycopg.Connection, settings: Settings, context: Context) -> Chart | None:
    found = rows(connection, settings, _VENDOR_INDEX, vendor_id=str(context["vendor_id"]))
    return index_chart(f"Prices of {context['vendor_name']}", found)


def decimals(pattern: Mapping[str, Any]) -> dict[str, Decimal]:
    """A seasonality pattern with exact numbers."""
    return {month: Decimal(str(value)) for month, value in pattern.items()}


def _item(connection: psycopg.Connection, settings: Settings, context: Context) -> analysis.Item:
    return analysis.find_item(connection, settings, str(context["item_id"]))


def _listed(value: Any) -> Sequence[int | None]:
    return value if isinstance(value, list) else [value]


# By rule; those that are not here say it all in their sentence.
_CHARTS: Mapping[str, Drawn] = {
    "cheaper_vendor": _vendors("main_vendor_id", "best_vendor_id"),
    "many_vendors": _vendors("best_vendor_id", "other_vendor_ids"),
    "off_usual_vendor": _vendors("vendor_id", "usual_vendor_id"),
    "price_rise": _vendors("vendor_id"),
    "single_source": _vendors("only_vendor_id"),
    "pack_size_error": _vendors("vendor_id"),
    "same_vendor_price_gap": _branches("branch_id", "lowest_branch_id"),
    "vendor_price_increase": _vendor_index,
    "over_ordering": _orders("quantity", "expected_quantity", "expected quantity"),
    "reorder_due": _orders("quantity", "avg_order_quantity", "mean of the orders"),
    "unusual_spend": _orders("amount", "expected_amount", "expected amount"),
    "seasonal_peak": _season,
}

# As in purchase_patterns: an order is an invoice, its purchase lines of the item added up.
_ORDERS = """
    select invoice_id, date, sum(quantity) as quantity, sum(amount) as amount
    from {procurement}.invoice_lines
    where
        item_id = %(item_id)s
        and branch_id is not distinct from %(branch_id)s
        and quantity > 0
        and unit_price > 0
        and date >= (
            select min(analysis_start_date) from {procurement}.purchase_patterns where item_id = %(item_id)s
        )
    group by invoice_id, date
    order by date, invoice_id
"""

_SEASON = """
    select seasonality_pattern
    from {procurement}.purchase_patterns
    where item_id = %(item_id)s and scope = 'network'
"""

_VENDOR_INDEX = """
    select month, chained_index
    from {procurement}.price_indices
    where scope = 'vendor' and key_id = %(vendor_id)s
    order by month
"""
