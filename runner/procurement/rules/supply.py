"""Rules about what may happen next: an item that hangs on one vendor, a season that is coming."""

import calendar
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction

from runner.procurement.findings import Decision, Facts, Finding, Row, pick, rule
from runner.rounding import published
from runner.rules.parameters import COUNT, NUMBER, POSITIVE, PRIORITY, SHARE
from runner.words import count, day, percent, quantity

SEVERAL = 2
MONTHS = 12


@rule(
    "RISK_ALERT",
    {
        "window_days": POSITIVE,
        "spend_share": SHARE,
        "min_amount": NUMBER,
        "min_branches": COUNT,
        "priority": PRIORITY,
        "valid_days": COUNT,
    },
    decision=Decision({}, lambda _, number: f"Find a second vendor for {number:,} items"),
)
def single_source(rows: Iterable[Row], facts: Facts) -> list[Finding]:
    """An item among those that make up most of the spending comes from one vendor only.

    Args:
        rows: One per item bought in the window, largest amount first (queries/single_source.sql).
        facts: As-of date and parameters.

    Returns:
        One finding per such item; none at all where no item has two vendors, for then the data cannot tell.
    """
    rows = list(rows)
    values = facts.values
    if not any(row["vendor_count"] >= SEVERAL for row in rows):
        return []
    # Fractions: a sum of decimals would be rounded to 28 digits.
    most = sum((Fraction(row["amount"]) for row in rows), Fraction(0)) * Fraction(values["spend_share"])
    findings = []
    before = Fraction(0)
    for row in rows:
        if before >= most:
            break
        before += Fraction(row["amount"])
        if (
            row["vendor_count"] == 1
            and row["vendor_id"] is not None
            and row["amount"] >= values["min_amount"]
            and row["branch_count"] >= values["min_branches"]
        ):
            findings.append(_second_vendor(row, facts))
    return findings


def _second_vendor(row: Row, facts: Facts) -> Finding:
    values, words = facts.values, facts.words
    item, vendor = row["item_name"], row["vendor_name"]
    days, branches = values.count("window_days"), count(row["branch_count"], "branch", "branches")
    return facts.finding(
        row,
        ("item",),
        title=f"Find a second vendor for {item}",
        description=(
            f"{vendor} alone supplies it. {branches} spent {words.amount(row['amount'])} on it in the last "
            f"{count(days, 'day')}."
        ),
        reasoning=(
            f"{item} is among the items that together make up {percent(Fraction(values['spend_share']))} of what was "
            f"bought in the last {count(days, 'day')}. All {count(row['line_count'], 'purchase')} of it came from "
            f"{vendor}; if {vendor} cannot deliver or raises its price, there is no one else to turn to."
        ),
        confidence=Decimal(1),
        context={
            "only_vendor_id": row["vendor_id"],
            "only_vendor_name": vendor,
            **pick(row, "amount", "line_count", "branch_count", "vendor_count"),
            **pick(values, "spend_share", "min_amount"),
            "window_days": days,
        },
    )


@rule(
    "SEASONAL_OPPORTUNITY",
    {"min_index": NUMBER, "priority": PRIORITY},
    decision=Decision(
        {}, lambda of, number: f"Prepare for more of {number:,} items in {calendar.month_name[of['month']]}"
    ),
)
def seasonal_peak(rows: Iterable[Row], facts: Facts) -> list[Finding]:
    """The month after the as-of date's is one in which the network buys clearly more of an item than usual.

    Args:
        rows: The seasonal network patterns (queries/seasonal_peak.sql).
        facts: As-of date and parameters.

    Returns:
        One finding per item; it holds until the end of that month.
    """
    month = facts.as_of.month % MONTHS + 1
    least = Fraction(facts.values["min_index"])
    findings = []
    for row in rows:
        index = _month_index(row)
        if index >= least:
            findings.append(_prepare(row, index, month, facts))
    return findings


def _month_index(row: Row) -> Fraction:
    """The coming month's mean quantity over the overall mean, exact."""
    overall = Fraction(row["seasonality_quantity"]) / Fraction(row["seasonality_month_count"])
    return Fraction(row["next_month_quantity"]) / Fraction(row["next_month_count"]) / overall


def _prepare(row: Row, index: Fraction, month: int, facts: Facts) -> Finding:
    item, name = row["item_name"], calendar.month_name[month]
    year = facts.as_of.year + facts.as_of.month // MONTHS
    last_day = date(year, month, calendar.monthrange(year, month)[1])
    return facts.finding(
        row,
        ("item",),
        title=f"Prepare for more {item} in {name}",
        description=(f"The branches usually buy {percent(index - 1)} more of it in {name} than in an average month."),
        reasoning=(
            f"Over the years {name} has brought {quantity(index)} times the average month's quantity of {item}, and "
            f"the calendar month explains {percent(Fraction(row['seasonality_strength']))} of how its monthly "
            f"quantities vary. Agree quantity and price with the vendor before {day(last_day.replace(day=1))}."
        ),
        confidence=published(Fraction(row["seasonality_strength"])),
        expires_on=last_day,
        context={
            "month": month,
            "year": year,
            "month_index": index,
            "above_average_share": index - 1,
            **pick(row, "seasonality_strength"),
            **pick(facts.values, "min_index"),
        },
    )
