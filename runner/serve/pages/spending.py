"""Where the money goes and why that changed: `/spending`."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import psycopg

from runner.procurement import analysis
from runner.procurement.analysis import COMPARISONS, Bridge, published
from runner.serve.charts import Chart, Mark, Step, share_chart, waterfall
from runner.serve.pages.page import Ask, Page, Wanted
from runner.serve.pages.reads import SHOWN, Row, index_chart, month_chart, remembered, row, rows, top
from runner.settings import Settings
from runner.words import Words, percent

# What a table of the page is by, and the page of one of them.
GROUPS: Mapping[str, str] = {"branch": "/branches", "vendor": "/vendors", "item": "/items", "category": ""}
PERIODS: Mapping[str, str] = {
    "year": "the last 365 days",
    "quarter": "the last 90 days",
    "fiscal": "the fiscal year so far",
}
EFFECTS: Sequence[tuple[str, str, str]] = (
    ("price_effect", "Price", "the same vendor's price moved"),
    ("mix_effect", "Mix", "more or less bought where it costs more"),
    ("volume_effect", "Volume", "more or less bought"),
    ("new_item_effect", "New items", "not bought before"),
    ("lost_item_effect", "Lost items", "no longer bought"),
    ("other_effect", "Other", "credit notes and free goods"),
)


def read(connection: psycopg.Connection, settings: Settings, ask: Ask) -> Mapping[str, Any]:
    """What `/spending` shows; `by` and `compare` choose the groups and the period."""
    by = ask.one("by") if ask.one("by") in GROUPS else "branch"
    compare = ask.one("compare") if ask.one("compare") in COMPARISONS else "year"
    words = Words(settings.currency)
    as_of = analysis.marts_as_of(connection, settings)
    months = {found["month"]: found["total_amount"] for found in rows(connection, settings, _MONTHS)}
    found = _bridge(connection, settings, compare, by)
    indices = rows(connection, settings, _NETWORK_INDEX)
    return {
        "as_of": as_of,
        "by": by,
        "compare": compare,
        "bridge_period": COMPARISONS[compare],
        "groups": GROUPS,
        "periods": PERIODS,
        "months": as_of and month_chart("Spending by month", _unit(settings), months, as_of, words),
        "bridge": found,
        "steps": found and steps(found.total),
        "change_share": found and share_of(found.total["change"], found.total["amount_before"]),
        "shown": found and top(found.groups, "amount_now"),
        "limit": SHOWN,
        "index": index_chart("Prices of what is bought, all branches", indices),
        "newest_index": next((one for one in reversed(indices) if one["year_fisher"] is not None), None),
        "concentration": row(connection, settings, _CONCENTRATION),
        "paretos": [
            chart
            for kind, statement in (("vendors", _VENDOR_AMOUNTS), ("items", _ITEM_AMOUNTS))
            if (chart := _pareto(kind, rows(connection, settings, statement), settings))
        ],
    }


def listed(_connection: psycopg.Connection, _settings: Settings, _wanted: Wanted) -> Iterable[Ask]:
    """Each period and each way to group."""
    yield Ask()
    for by in GROUPS:
        for compare in COMPARISONS:
            yield Ask(query={"by": [by], "compare": [compare]})


def steps(total: Row) -> Sequence[Any]:
    """The bars from what was spent before to what is spent now, each with what it is made of."""
    parts = [Step(name, total[column]) for column, name, _ in EFFECTS]
    drawn = waterfall([Step("Before", total["amount_before"], True), *parts, Step("Now", total["amount_now"], True)])
    meanings = ["", *(meaning for _, _, meaning in EFFECTS), ""]
    return [(step.step, step.bar, meaning) for step, meaning in zip(drawn, meanings, strict=True)]


def share_of(part: Any, whole: Any) -> Any:
    """A part of a whole (1 is all of it), None where there is no whole above 0."""
    return published(Fraction(part) / Fraction(whole)) if whole > 0 else None


def _unit(settings: Settings) -> str:
    return f"amount of invoice lines, {settings.currency}" if settings.currency else "amount of invoice lines"


def _bridge(connection: psycopg.Connection, settings: Settings, compare: str, by: str) -> Bridge | None:
    """Why spending changed, which is a sum over all of the mart: remembered."""
    built = row(connection, settings, _BUILT)
    if built is None:
        return None

    def read_anew() -> Bridge | None:
        if by != "category":
            return analysis.bridge(connection, settings, compare, by, None)
        found = analysis.bridge(connection, settings, compare, "branch", None)
        groups = rows(connection, settings, _BY_CATEGORY, period=COMPARISONS[compare])
        return found and Bridge(**{**found.__dict__, "groups": groups, "by": by})

    return remembered((connection.info.dsn, built["computed_at"]), ("bridge", compare, by), read_anew)


def _pareto(kind: str, found: Sequence[Row], settings: Settings) -> Chart | None:
    amounts = [one["total_amount"] for one in found if one["total_amount"] > 0]
    first, second = (Fraction(str(settings.variable(name))) for name in ("class_a_share", "class_b_share"))
    in_a, in_b = (sum(one["class"] == letter for one in found) for letter in "AB")
    return share_chart(
        f"How few {kind} make up most of spending",
        f"share of spending of the last 365 days, by share of the {kind}, largest first",
        amounts,
        [
            Mark(f"{percent(first)}: class A", first, in_a),
            Mark(f"{percent(second)}: classes A and B", second, in_a + in_b),
        ],
    )


_MONTHS = """
    select month, sum(total_amount) as total_amount
    from {procurement}.branch_spending
    group by month
"""

_BUILT = "select computed_at from {procurement}.spend_bridge limit 1"

_BY_CATEGORY = """
    select
        items.category as category_id,
        coalesce(items.category, 'No category') as category_name,
        sum(spend_bridge.amount_before) as amount_before,
        sum(spend_bridge.amount_now) as amount_now,
        sum(spend_bridge.change) as change,
        sum(spend_bridge.price_effect) as price_effect
    from {procurement}.spend_bridge
    left join {procurement}.items using (item_id)
    where spend_bridge.period = %(period)s
    group by items.category
"""

_NETWORK_INDEX = """
    select month, chained_index, year_fisher, is_thin
    from {procurement}.price_indices
    where scope = 'network'
    order by month
"""

_CONCENTRATION = """
    select vendor_count, effective_vendor_count, top_vendor_id, top_vendor_name, top_share
    from {procurement}.spend_concentration
    where scope = 'network'
"""

_VENDOR_AMOUNTS = """
    select total_amount, class
    from {procurement}.vendor_standing
    where scope = 'network'
    order by total_amount desc
"""

_ITEM_AMOUNTS = "select total_amount, class from {procurement}.item_standing order by total_amount desc"

PAGES = (Page("/spending", "spending.html", read, listed),)
