"""Rules about how things are ordered: too often, too much, for an unusual amount, or due again."""

from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction
from math import floor

from runner.procurement.findings import DAYS_PER_YEAR, Decision, Facts, Finding, Need, Row, pick, rule
from runner.rounding import cents, published, rounded
from runner.rules.parameters import COUNT, NUMBER, POSITIVE, PRIORITY, SHARE
from runner.words import count, day, each, measured, possessive, quantity, sentence

WEEK = 7


def _reorder_all(of: Row, number: int) -> str:
    source = "" if of["last_vendor_id"] is None else f" from {of['last_vendor_name']}"
    return f"Reorder {number:,} items{source} at {of['branch_name']}"


@rule(
    "COST_OPTIMIZATION",
    {
        "min_orders": COUNT,
        "max_cycle_days": NUMBER,
        "below_order_amount": NUMBER,
        "target_cycle_days": POSITIVE,
        "cost_per_order": NUMBER,
        "confidence_orders": POSITIVE,
        "valid_days": COUNT,
    },
)
def small_orders(rows: Iterable[Row], facts: Facts) -> list[Finding]:
    """A branch orders little and very often from a vendor: fewer, larger orders save the cost of each one.

    Args:
        rows: One per assigned branch × vendor with a rhythm (queries/small_orders.sql).
        facts: As-of date and parameters.

    Returns:
        One finding per branch × vendor: (365 / cycle − 365 / target) × cost per order a year.
    """
    values = facts.values
    return [
        _batch(row, facts)
        for row in rows
        if row["order_count"] >= values["min_orders"]
        and _cycle(row) <= Fraction(values["max_cycle_days"])
        and row["order_amount_sum"] < values["below_order_amount"] * row["order_count"]
    ]


def _batch(row: Row, facts: Facts) -> Finding:
    values, words = facts.values, facts.words
    branch, vendor = row["branch_name"], row["vendor_name"]
    cycle, target = _cycle(row), Fraction(values["target_cycle_days"])
    mean_amount = Fraction(row["order_amount_sum"]) / row["order_count"]
    savings = cents((DAYS_PER_YEAR / cycle - DAYS_PER_YEAR / target) * Fraction(values["cost_per_order"]))
    now, then = rounded(DAYS_PER_YEAR / cycle), rounded(DAYS_PER_YEAR / target)
    rhythm = "once a week" if target == WEEK else f"every {quantity(target)} days"
    return facts.finding(
        row,
        ("branch", "vendor"),
        title=f"Order {rhythm} from {vendor} at {branch}",
        description=(
            f"Saves {words.roughly(savings)} a year: {branch} now orders {_every(cycle)}, for "
            f"{words.amount(mean_amount)} on average."
        ),
        reasoning=(
            f"{branch} placed {count(row['order_count'], 'order')} with {vendor} from {day(row['first_order_date'])} "
            f"to {day(row['last_order_date'])}, on {count(row['order_date_count'], 'day')}. At that pace it is "
            f"{quantity(now)} deliveries a year; {rhythm} makes {quantity(then)}. Placing, receiving and paying for "
            f"one costs about {words.amount(values['cost_per_order'])}, so {quantity(now - then)} fewer save "
            f"{words.roughly((now - then) * values['cost_per_order'])}."
        ),
        savings=savings,
        confidence=facts.confidence(row["order_count"], "confidence_orders"),
        context={
            **pick(row, "order_count", "order_date_count", "first_order_date", "last_order_date"),
            "avg_order_cycle_days": cycle,
            "avg_order_amount": mean_amount,
            "fewer_orders_per_year": now - then,
            "orders_per_year": DAYS_PER_YEAR / cycle,
            "target_orders_per_year": DAYS_PER_YEAR / target,
            **pick(values, "target_cycle_days", "cost_per_order"),
        },
    )


@rule(
    "WASTE_PREVENTION",
    {"min_amount": NUMBER, "confidence_deviation": POSITIVE, "increasing_factor": SHARE, "valid_days": COUNT},
    query="order_anomalies",
    claim="order",
)
def over_ordering(rows: Iterable[Row], facts: Facts) -> list[Finding]:
    """A branch ordered far more of an item than in its other orders.

    Args:
        rows: The material anomalies of assigned branches (queries/order_anomalies.sql).
        facts: As-of date and parameters.

    Returns:
        One finding per item × branch × invoice: (quantity − expected) × the order's mean unit price, once.
    """
    least = Fraction(facts.values["min_amount"])
    return [
        _check_quantity(row, facts)
        for row in rows
        if row["is_material_quantity_outlier"]
        and row["quantity"] > _expected(row, "quantity")
        and (Fraction(row["quantity"]) - _expected(row, "quantity")) * _unit_price(row) >= least
    ]


@rule(
    "RISK_ALERT",
    {"min_amount": NUMBER, "confidence_deviation": POSITIVE, "priority": PRIORITY, "valid_days": COUNT},
    query="order_anomalies",
    after=("over_ordering", "pack_size_error"),
)
def unusual_spend(rows: Iterable[Row], facts: Facts) -> list[Finding]:
    """A branch spent far more on an item than in its other orders, and not because it ordered far more.

    Args:
        rows: As for `over_ordering`.
        facts: As-of date and parameters; also what `over_ordering` and `pack_size_error` found.

    Returns:
        One finding per item × branch × invoice that neither has found.
    """
    least = Fraction(facts.values["min_amount"])
    order = ("item", "branch", "invoice")
    told = facts.fired("over_ordering", *order) | facts.fired("pack_size_error", *order)
    return [
        _check_amount(row, facts)
        for row in rows
        if row["is_material_amount_outlier"]
        and row["amount"] > _expected(row, "amount")
        and Fraction(row["amount"]) - _expected(row, "amount") >= least
        and tuple(row[f"{part}_id"] for part in order) not in told
    ]


def _unit_price(row: Row) -> Fraction:
    """The order's mean price per unit, exact."""
    return Fraction(row["amount"]) / Fraction(row["quantity"])


def _expected(row: Row, measure: str) -> Fraction:
    """The mean of the other orders, exact."""
    return Fraction(row[f"other_{measure}_sum"]) / Fraction(row["other_order_count"])


def _check_quantity(row: Row, facts: Facts) -> Finding:
    values, words = facts.values, facts.words
    item, branch, on = row["item_name"], row["branch_name"], day(row["order_date"])
    expected = _expected(row, "quantity")
    excess = Fraction(row["quantity"]) - expected
    unit_price = _unit_price(row)
    savings = cents(excess * unit_price)
    sure = facts.confidence(Fraction(row["quantity_material_deviation"]), "confidence_deviation")
    growing = ""
    if row["is_increasing"]:
        sure = published(Fraction(sure) * Fraction(values["increasing_factor"]))
        growing = " The latest orders are larger on average than the earlier ones, so this may be meant."
    return facts.finding(
        row,
        ("item", "branch", "invoice"),
        title=f"Check the order of {item} at {branch} on {on}",
        description=(
            f"{sentence(words.roughly(savings))} at stake: the order was for "
            f"{measured(row['quantity'], row['unit'])}; the branch's other orders average "
            f"{measured(expected, row['unit'])}."
        ),
        reasoning=(
            f"{possessive(branch)} {count(row['other_order_count'], 'other order')} of {item} average "
            f"{measured(expected, row['unit'])}. This one cost {words.price(unit_price)} {each(row['unit'])}; what it "
            f"has more than the others is worth {words.amount(savings)}. Return or move what is not needed, or correct "
            f"the invoice if the quantity is a typing error.{growing}"
        ),
        savings=savings,
        basis="once",
        confidence=sure,
        context={
            **_order_context(row),
            "excess_quantity": excess,
            "unit_price": unit_price,
            **pick(row, "quantity_material_deviation", "is_increasing"),
        },
    )


def _check_amount(row: Row, facts: Facts) -> Finding:
    words = facts.words
    item, branch, on = row["item_name"], row["branch_name"], day(row["order_date"])
    unit_price = _unit_price(row)
    expected_quantity, expected_amount = _expected(row, "quantity"), _expected(row, "amount")
    usual_price = expected_amount / expected_quantity
    return facts.finding(
        row,
        ("item", "branch", "invoice"),
        title=f"Look into {words.amount(row['amount'])} for {item} at {branch} on {on}",
        description=f"The branch's other orders of it average {words.amount(expected_amount)}.",
        reasoning=(
            f"{branch} bought {measured(row['quantity'], row['unit'])} at {words.price(unit_price)} "
            f"{each(row['unit'])}; its {count(row['other_order_count'], 'other order')} of {item} average "
            f"{measured(expected_quantity, row['unit'])} at {words.price(usual_price)}. Compare the invoice with what "
            f"was ordered and the price that was agreed."
        ),
        confidence=facts.confidence(Fraction(row["amount_material_deviation"]), "confidence_deviation"),
        context={
            **_order_context(row),
            "unit_price": unit_price,
            "expected_unit_price": usual_price,
            **pick(row, "amount_material_deviation"),
        },
    )


def _order_context(row: Row) -> dict[str, object]:
    return {
        **pick(row, "order_date", "quantity", "amount", "other_order_count"),
        "expected_quantity": _expected(row, "quantity"),
        "expected_amount": _expected(row, "amount"),
    }


@rule(
    "INVENTORY_REORDER",
    {
        "min_orders": COUNT,
        "min_confidence": SHARE,
        "min_cycle_days": NUMBER,
        "max_days_ahead": COUNT,
        "max_cycle_ahead": NUMBER,
        "urgent_days": COUNT,
        "urgent_priority": PRIORITY,
        "priority": PRIORITY,
        "orders_seen_days": POSITIVE,
        "valid_days": COUNT,
    },
    decision=Decision({"branch_id": "branch_id", "vendor_id": "last_vendor_id"}, _reorder_all),
    needs=Need(
        "orders_seen",
        "no purchase order of the last {orders_seen_days} days is on record, so what is ordered cannot be seen",
    ),
)
def reorder_due(rows: Iterable[Row], facts: Facts) -> list[Finding]:
    """A branch orders an item in a regular rhythm, the next order is due, and none is on its way.

    Args:
        rows: One per item × branch with a predicted order (queries/reorder_due.sql).
        facts: As-of date and parameters.

    Returns:
        One finding per item × branch whose predicted date lies from one cycle ago to a few days ahead.
    """
    values = facts.values
    findings = []
    for row in rows:
        cycle = _cycle(row)
        ahead = min(values.count("max_days_ahead"), floor(cycle * Fraction(values["max_cycle_ahead"])))
        earliest = facts.as_of - timedelta(days=int(rounded(cycle, 0)))
        latest = facts.as_of + timedelta(days=ahead)
        if (
            row["order_count"] >= values["min_orders"]
            and cycle >= Fraction(values["min_cycle_days"])
            and _is_regular(row, Fraction(values["min_confidence"]))
            and earliest <= row["next_predicted_order_date"] <= latest
            and not row["is_ordered"]
        ):
            findings.append(_reorder(row, cycle, facts))
    return findings


def _is_regular(row: Row, least: Fraction) -> bool:
    """Whether 1 − stddev / mean of the gaps is at least `least`, tested without a root.

    With c gaps of sum s and sum of squares q, stddev / mean = sqrt(c q − s²) / s, so the test is
    c q − s² <= ((1 − least) s)².
    """
    gaps, total, squares = int(row["gap_count"]), Fraction(row["gap_sum"]), Fraction(row["gap_square_sum"])
    return gaps * squares - total**2 <= ((1 - least) * total) ** 2


def _reorder(row: Row, cycle: Fraction, facts: Facts) -> Finding:
    values = facts.values
    item, branch, vendor = row["item_name"], row["branch_name"], row["last_vendor_name"]
    due = row["next_predicted_order_date"]
    is_urgent = due <= facts.as_of + timedelta(days=values.count("urgent_days"))
    was_due = "was due" if due < facts.as_of else "is due"
    source, not_placed = "", ""
    if row["last_vendor_id"] is not None:
        source = f" from {vendor}"
        not_placed = f", and no purchase order to {vendor} for {branch} is on record since then"
    return facts.finding(
        row,
        ("item", "branch"),
        title=f"Reorder {item} at {branch}",
        description=(
            f"The next order {was_due} on {day(due)}. The branch orders it {_every(cycle)}, "
            f"{measured(row['avg_order_quantity'], row['unit'])} on average, last on "
            f"{day(row['last_order_date'])}{source}."
        ),
        reasoning=(
            f"{branch} ordered {item} {count(row['order_count'], 'time')} from {day(row['first_order_date'])} to "
            f"{day(row['last_order_date'])}, {_every(cycle)}{not_placed}."
        ),
        confidence=published(Fraction(row["confidence_score"])),
        priority="urgent_priority" if is_urgent else "priority",
        expires_on=max(due, facts.as_of) + timedelta(days=values.count("valid_days")),
        context={
            **pick(row, "last_vendor_id", "last_vendor_name", "order_count", "first_order_date", "last_order_date"),
            **pick(row, "avg_order_quantity", "next_predicted_order_date", "confidence_score"),
            "avg_order_cycle_days": cycle,
        },
    )


def _cycle(row: Row) -> Fraction:
    """Mean days between successive distinct order dates: the span over the gaps, exact."""
    return Fraction((row["last_order_date"] - row["first_order_date"]).days, row["order_date_count"] - 1)


def _every(cycle: Fraction) -> str:
    """A cycle in words: every day, about every 4 days."""
    days = quantity(rounded(cycle, 0 if cycle >= WEEK else 1))
    return "about every day" if days == "1" else f"about every {days} days"
