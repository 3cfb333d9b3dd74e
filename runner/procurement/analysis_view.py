"""Spending and prices as a person reads them in a terminal, within 100 columns."""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from runner.procurement.analysis import GROUPINGS, Bridge, Period, Prices, Row, Spending
from runner.rounding import rounded
from runner.words import Words, count, day, quantity

NO_NAME = "(no longer known)"
TENTH = Decimal("0.1")


def render_spending(found: Spending, words: Words, limit: int) -> RenderableType:
    """A table of what each group spent, and the whole below it."""
    about = f" on {found.item.item_name}" if found.item else ""
    title = Text(f"Spending{about}, {_period(found.period)}", style="bold")
    if not found.groups:
        return Group(title, "No invoice line is dated in this period.", *_remark(found.period, found.as_of))
    table = _table(found.by.replace("-", " ").replace("cost center", "cost centre"))
    for heading in ("amount", "share", "quantity", "lines", "invoices", "per unit"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in found.groups[:limit]:
        table.add_row(_group_name(found.by, row), *_cells(row, words))
    table.add_row("")
    table.add_row("all", *_cells({**found.total, "spend_share": None}, words), style="bold")
    return Group(title, "", table, *_left_out(found.groups, limit), *_remark(found.period, found.as_of))


def render_bridge(found: Bridge, limit: int) -> RenderableType:
    """What each group's change is made of, in whole units of the currency, and the whole below it."""
    about = f" on {found.item.item_name}" if found.item else ""
    title = Text(f"Why spending{about} changed: {_period(found.now)}, against {_period(found.before)}", style="bold")
    table = _table(found.by)
    for heading in ("now", "change", "price", "mix", "volume", "new, lost", "other"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in found.groups[:limit]:
        table.add_row(_group_name(found.by, row), *_bridge_cells(row))
    table.add_row("")
    table.add_row("all", *_bridge_cells(found.total), style="bold")
    remark: Sequence[RenderableType] = ()
    if not found.before_is_complete:
        first = day(found.before.first)
        remark = ("", Text(f"The books do not reach back to {first}: what looks new may not be.", style="yellow"))
    return Group(title, "", table, *_left_out(found.groups, limit), *remark)


def _bridge_cells(row: Row) -> Sequence[str]:
    changes = (
        *(row["change"], row["price_effect"], row["mix_effect"], row["volume_effect"]),
        *(row["new_item_effect"] + row["lost_item_effect"], row["other_effect"]),
    )
    return (
        f"{rounded(row['amount_now'], 0):,}",
        *(f"{whole:+,}" if (whole := rounded(value, 0)) else "0" for value in changes),
    )


def render_prices(found: Prices, words: Words, limit: int) -> RenderableType:
    """What the item costs in a sentence or two, and a table of what each branch pays each vendor."""
    title = Text(f"Prices of {found.item.item_name}, {_period(found.period)}", style="bold")
    if not found.prices:
        return Group(title, "It was not bought in this period.", *_remark(found.period, found.as_of))
    benchmark, network = found.benchmark, found.network
    per = f" per {found.item.unit}" if found.item.unit else ""
    lowest, highest = words.price(benchmark["min_price"]), words.price(benchmark["max_price"])
    summary = Text(
        f"{lowest if lowest == highest else f'{lowest} to {highest}'}{per}"
        f" in {count(benchmark['branch_count'], 'branch', 'branches')}; the mean of"
        f" {count(network['network_line_count'], 'purchase')} is {words.price(network['network_avg_price'])}."
    )
    table = _table("vendor")
    table.add_column("branch", overflow="fold")
    for heading in ("price", "from mean", "quantity", "lines"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in found.prices[:limit]:
        variance = row["variance_from_avg_pct"]
        table.add_row(
            _name(row["vendor_name"]),
            _name(row["branch_name"]),
            words.price(row["price"]),
            Text(_signed_percent(variance), style="red" if variance > 0 else "green" if variance < 0 else "dim"),
            quantity(row["quantity"]),
            f"{row['line_count']:,}",
        )
    return Group(title, summary, "", table, *_left_out(found.prices, limit), *_remark(found.period, found.as_of))


def _table(first: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(first, overflow="fold")
    return table


def _cells(row: Row, words: Words) -> Sequence[str]:
    share, price = row["spend_share"], row["avg_unit_price"]
    return (
        words.amount(row["total_amount"]),
        "" if share is None else _percent(share * 100),
        quantity(row["quantity"]),
        f"{row['line_count']:,}",
        f"{row['invoice_count']:,}",
        "" if price is None else words.price(price),
    )


def _group_name(by: str, row: Row) -> Text:
    if by == "month":
        return Text(f"{row['month']:%B %Y}")
    return _name(row[list(GROUPINGS[by])[1]])


def _name(name: str | None) -> Text:
    return Text(NO_NAME, style="dim") if name is None else Text(name)


def _percent(points: Decimal) -> str:
    return f"{points.quantize(TENTH, ROUND_HALF_UP):,}%"


def _signed_percent(points: Decimal) -> str:
    tenths = points.quantize(TENTH, ROUND_HALF_UP)
    return f"{tenths:+,}%" if tenths else "0.0%"


def _period(period: Period) -> str:
    if period.first == period.last:
        return day(period.first)
    return f"{day(period.first)} to {day(period.last)}"


def _left_out(rows: Sequence[Any], limit: int) -> Sequence[RenderableType]:
    if len(rows) <= limit:
        return ()
    return ("", Text(f"{limit} of {len(rows):,} are shown (--limit).", style="dim"))


def _remark(period: Period, as_of: date | None) -> Sequence[RenderableType]:
    if as_of is None:
        return ("", Text("The marts hold no invoice at all.", style="yellow"))
    if as_of >= period.last:
        return ()
    return ("", Text(f"The marts are as of {day(as_of)}: nothing later is counted.", style="yellow"))
