"""Rules about what is paid for an item: another vendor, one vendor for all, a gap between branches, a rise."""

from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction
from itertools import groupby
from operator import itemgetter

from runner.procurement.findings import DAYS_PER_YEAR, SAME_UNIT, Decision, Facts, Finding, Row, pick, rule
from runner.rounding import cents
from runner.rules.parameters import COUNT, NUMBER, POSITIVE
from runner.words import count, day, listing, measured, percent, possessive

PAIR = 2


@rule(
    "VENDOR_SWITCH",
    {
        "window_days": POSITIVE,
        "max_price_ratio": NUMBER,
        "min_lines": COUNT,
        "confidence_lines": POSITIVE,
        "valid_days": COUNT,
    },
    claim="switch",
    decision=Decision(
        {"item_id": "item_id", "vendor_id": "best_vendor_id"},
        lambda of, number: f"Switch {of['item_name']} to {of['best_vendor_name']} at {number:,} branches",
    ),
)
def cheaper_vendor(rows: Iterable[Row], facts: Facts) -> list[Finding]:
    """Another vendor sells for less what a branch buys from its main vendor, on average and at the newest price.

    Args:
        rows: One per item × branch × other vendor (queries/cheaper_vendor.sql), in that order.
        facts: As-of date and parameters.

    Returns:
        At most one finding per item × branch: (p − best) × quantity × 365 / window a year.
    """
    values = facts.values
    limit = Fraction(values["max_price_ratio"])
    findings = []
    for _, offers in groupby(rows, key=itemgetter("item_id", "branch_id")):
        proven = [row for row in offers if row["other_line_count"] >= values["min_lines"]]
        best = min(proven, key=lambda row: (_mean(row, "other_"), row["other_vendor_id"]), default=None)
        if (
            best is not None
            and _mean(best, "other_") <= limit * _mean(best, "main_")
            and _mean(best, "other_newest_") <= limit * _mean(best, "main_newest_")
        ):
            findings.append(_switch(best, facts))
    return findings


def _switch(row: Row, facts: Facts) -> Finding:
    values, words = facts.values, facts.words
    item, branch, main, best = (row[f"{of}_name"] for of in ("item", "branch", "main_vendor", "other_vendor"))
    days = values.count("window_days")
    paid, offered = _mean(row, "main_"), _mean(row, "other_")
    main_newest, best_newest = _mean(row, "main_newest_"), _mean(row, "other_newest_")
    saved = (paid - offered) * Fraction(row["main_quantity"])
    savings = cents(saved * DAYS_PER_YEAR / days)
    return facts.finding(
        row,
        ("item", "branch"),
        title=f"Switch {item} at {branch} to {best}",
        description=(
            f"Saves {words.roughly(savings)} a year: {branch} paid {main} {words.price(paid)} on average in the last "
            f"{count(days, 'day')}; {best} charged the network {words.price(offered)} over "
            f"{count(row['other_line_count'], 'purchase')}."
        ),
        reasoning=(
            f"{main} is where {branch} spends most on {item}: {measured(row['main_quantity'], row['unit'])} "
            f"bought in {count(row['main_line_count'], 'purchase')} for {words.amount(row['main_amount'])}. "
            f"{best} is {percent(1 - offered / paid)} cheaper on average, and still cheaper at the newest prices: "
            f"{words.price(best_newest)} on {day(row['other_newest_date'])} against {words.price(main_newest)} "
            f"on {day(row['main_newest_date'])}. At {possessive(best)} average price {branch} would have paid "
            f"{words.amount(saved)} less, {words.roughly(savings)} a year at that pace. {SAME_UNIT}"
        ),
        savings=savings,
        confidence=facts.confidence(min(row["main_line_count"], row["other_line_count"]), "confidence_lines"),
        paid_vendor_id=row["main_vendor_id"],
        named_price=paid,
        target_price=offered,
        quantity=row["main_quantity"],
        context={
            **pick(row, "main_vendor_id", "main_vendor_name", "main_quantity", "main_amount", "main_line_count"),
            "best_vendor_id": row["other_vendor_id"],
            "best_vendor_name": best,
            "best_line_count": row["other_line_count"],
            "saved_in_window": saved,
            "main_price": paid,
            "best_price": offered,
            "price_difference": paid - offered,
            "price_difference_share": 1 - offered / paid,
            "main_newest_price": main_newest,
            "main_newest_date": row["main_newest_date"],
            "best_newest_price": best_newest,
            "best_newest_date": row["other_newest_date"],
            **pick(values, "max_price_ratio"),
            "window_days": days,
        },
    )


@rule(
    "CONSOLIDATION",
    {"min_savings": NUMBER, "confidence_lines": POSITIVE, "valid_days": COUNT},
    claim="consolidate",
    window_var="consolidation_window_days",
)
def many_vendors(rows: Iterable[Row], facts: Facts) -> list[Finding]:
    """Several vendors sell the same item to several branches, and one of them is cheaper than the rest together.

    Args:
        rows: The mart consolidation_opportunities (queries/many_vendors.sql).
        facts: As-of date and parameters.

    Returns:
        One finding per item that saves at least `min_savings` a year: potential × 365 / window.
    """
    least = Fraction(facts.values["min_savings"])
    return [
        _consolidate(row, facts)
        for row in rows
        if _potential(row) > 0 and _potential(row) * DAYS_PER_YEAR / row["window_days"] >= least
    ]


def _consolidate(row: Row, facts: Facts) -> Finding:
    words = facts.words
    item, best = row["item_name"], row["best_vendor_name"]
    days = row["window_days"]
    potential = _potential(row)
    savings = cents(potential * DAYS_PER_YEAR / days)
    best_price, other_price, dearer_price = (_mean(row, of) for of in ("best_", "other_", "dearer_"))
    quantity = Fraction(row["best_quantity"]) + Fraction(row["other_quantity"])
    mean_price = (Fraction(row["best_amount"]) + Fraction(row["other_amount"])) / quantity
    branches, vendors = count(row["branch_count"], "branch", "branches"), count(row["vendor_count"], "vendor")
    # A vendor of too few purchases to be the best one may still be cheaper.
    among = " of those with enough purchases to tell" if _some_are_cheaper(row, best_price) else ""
    if row["other_quantity"] != row["dearer_quantity"]:
        others = they = "the dearer ones"
    else:
        others = "the other" if row["vendor_count"] == PAIR else "the others"
        they = "it" if row["other_line_count"] == 1 else "they"
    return facts.finding(
        row,
        ("item",),
        title=f"Buy {item} from {best} in every branch",
        description=(
            f"Saves {words.roughly(savings)} a year: in the last {count(days, 'day')} {branches} bought it from "
            f"{vendors}. {best} charged {words.price(best_price)} on average, {others} {words.price(dearer_price)}."
        ),
        reasoning=(
            f"The branches spent {words.amount(row['total_amount'])} on {item} in the last {count(days, 'day')}. "
            f"{best} had the lowest average price{among}, over {count(row['best_line_count'], 'purchase')}. "
            f"{count(row['other_line_count'], 'purchase')} went to {listing(row['other_vendor_names'])}; at "
            f"{possessive(best)} price {they} would have cost {words.amount(potential)} less, "
            f"{words.roughly(savings)} a year at that pace. {SAME_UNIT}"
        ),
        savings=savings,
        confidence=facts.confidence(min(row["best_line_count"], row["other_line_count"]), "confidence_lines"),
        named_price=mean_price,
        target_price=best_price,
        quantity=quantity,
        context={
            **pick(row, "best_vendor_id", "best_vendor_name", "other_vendor_names", "other_vendor_ids"),
            **pick(row, "best_line_count", "other_line_count", "branch_count", "vendor_count", "total_amount"),
            "best_price": best_price,
            "other_price": other_price,
            "dearer_price": dearer_price,
            "mean_price": mean_price,
            "potential_savings": potential,
            "window_days": days,
        },
    )


@rule(
    "PRICE_NEGOTIATION",
    {"min_branches": COUNT, "min_price_ratio": NUMBER, "confidence_lines": POSITIVE, "valid_days": COUNT},
    claim="negotiate",
    window_var="price_window_days",
    decision=Decision(
        {"item_id": "item_id", "vendor_id": "vendor_id"},
        lambda of, number: (
            f"Ask {of['vendor_name']} for {possessive(of['lowest_branch_name'])} price for {of['item_name']} at "
            f"{number:,} branches"
        ),
    ),
)
def same_vendor_price_gap(rows: Iterable[Row], facts: Facts) -> list[Finding]:
    """A branch pays a vendor clearly more for an item than another branch pays the same vendor.

    Args:
        rows: The price snapshots dated as-of of assigned branches and vendors, by item and vendor
            (queries/same_vendor_price_gap.sql).
        facts: As-of date and parameters.

    Returns:
        One finding per item × vendor × branch: (price − lowest) × quantity × 365 / window a year.
    """
    values = facts.values
    findings: list[Finding] = []
    for _, group in groupby(rows, key=itemgetter("item_id", "vendor_id")):
        snapshots = list(group)
        if len(snapshots) < values["min_branches"]:
            continue
        lowest = min(snapshots, key=lambda row: (_snapshot_price(row), row["branch_id"]))
        limit = Fraction(values["min_price_ratio"]) * _snapshot_price(lowest)
        findings.extend(
            _match_price(row, lowest, len(snapshots), facts)
            for row in snapshots
            if row is not lowest and _snapshot_price(row) >= limit
        )
    return findings


def _match_price(row: Row, lowest: Row, branch_count: int, facts: Facts) -> Finding:
    words = facts.words
    item, vendor, branch, low_branch = row["item_name"], row["vendor_name"], row["branch_name"], lowest["branch_name"]
    days = facts.price_window_days
    price, low_price = _snapshot_price(row), _snapshot_price(lowest)
    saved = (price - low_price) * Fraction(row["quantity"])
    savings = cents(saved * DAYS_PER_YEAR / days)
    return facts.finding(
        row,
        ("item", "vendor", "branch"),
        title=f"Ask {vendor} for {possessive(low_branch)} price for {item} at {branch}",
        description=(
            f"Saves {words.roughly(savings)} a year: in the last {count(days, 'day')} {branch} paid "
            f"{words.price(price)} on average and {low_branch} {words.price(low_price)}, for the same item from the "
            f"same vendor. That is {percent(price / low_price - 1)} more."
        ),
        reasoning=(
            f"{count(branch_count, 'branch', 'branches')} bought {item} from {vendor} in the last "
            f"{count(days, 'day')}, and {low_branch} paid the least. {branch} bought "
            f"{measured(row['quantity'], row['unit'])} in {count(row['line_count'], 'purchase')}; at "
            f"{possessive(low_branch)} average price that would have cost {words.amount(saved)} less, "
            f"{words.roughly(savings)} a year at that pace. {SAME_UNIT}"
        ),
        savings=savings,
        confidence=facts.confidence(min(row["line_count"], lowest["line_count"]), "confidence_lines"),
        paid_vendor_id=row["vendor_id"],
        named_price=price,
        target_price=low_price,
        quantity=row["quantity"],
        context={
            "lowest_branch_id": lowest["branch_id"],
            "lowest_branch_name": low_branch,
            "lowest_price": low_price,
            "lowest_line_count": lowest["line_count"],
            "price": price,
            "saved_in_window": saved,
            "price_difference": price - low_price,
            "price_difference_share": price / low_price - 1,
            **pick(row, "quantity", "line_count"),
            "branch_count": branch_count,
            **pick(facts.values, "min_price_ratio"),
            "window_days": days,
        },
    )


@rule(
    "PRICE_NEGOTIATION",
    {
        "window_days": POSITIVE,
        "baseline_age_days": POSITIVE,
        "min_price_ratio": NUMBER,
        "min_lines": COUNT,
        "confidence_lines": POSITIVE,
        "valid_days": COUNT,
    },
    claim="negotiate",
)
def price_rise(rows: Iterable[Row], facts: Facts) -> list[Finding]:
    """A vendor's mean price for an item is clearly above what it was some months ago.

    Args:
        rows: One per item × vendor bought in both periods (queries/price_rise.sql).
        facts: As-of date and parameters.

    Returns:
        One finding per item × vendor: rise × quantity of the newer period × 365 / its days a year.
    """
    values = facts.values
    ratio = Fraction(values["min_price_ratio"])
    return [
        _negotiate(row, facts)
        for row in rows
        if min(row["line_count"], row["earlier_line_count"]) >= values["min_lines"]
        and _mean(row, "") >= ratio * _mean(row, "earlier_")
    ]


def _negotiate(row: Row, facts: Facts) -> Finding:
    values, words = facts.values, facts.words
    item, vendor = row["item_name"], row["vendor_name"]
    days = values.count("window_days")
    earlier_last = facts.as_of - timedelta(days=values.count("baseline_age_days"))
    price, earlier = _mean(row, ""), _mean(row, "earlier_")
    saved = (price - earlier) * Fraction(row["quantity"])
    savings = cents(saved * DAYS_PER_YEAR / days)
    rise = percent(price / earlier - 1)
    return facts.finding(
        row,
        ("item", "vendor"),
        title=f"Negotiate {item} with {vendor}: up {rise}",
        description=(
            f"Saves {words.roughly(savings)} a year: it cost {words.price(price)} on average in the last "
            f"{count(days, 'day')} and {words.price(earlier)} in the {count(days, 'day')} to {day(earlier_last)}."
        ),
        reasoning=(
            f"The newer price is the average of {count(row['line_count'], 'purchase')}, the earlier one of "
            f"{row['earlier_line_count']:,}. The network bought {measured(row['quantity'], row['unit'])} in the "
            f"last {count(days, 'day')}; at the earlier price that would have cost {words.amount(saved)} less, "
            f"{words.roughly(savings)} a year at that pace. {SAME_UNIT}"
        ),
        savings=savings,
        confidence=facts.confidence(min(row["line_count"], row["earlier_line_count"]), "confidence_lines"),
        paid_vendor_id=row["vendor_id"],
        named_price=price,
        target_price=earlier,
        quantity=row["quantity"],
        context={
            "price": price,
            "saved_in_window": saved,
            "earlier_price": earlier,
            "price_difference": price - earlier,
            "price_difference_share": price / earlier - 1,
            "earlier_last_date": earlier_last,
            **pick(row, "quantity", "line_count", "earlier_line_count"),
            **pick(values, "min_price_ratio"),
            "window_days": days,
        },
    )


def _potential(row: Row) -> Fraction:
    """What the dearer vendors were paid above the best vendor's mean price, exact."""
    return Fraction(row["dearer_amount"]) - _mean(row, "best_") * Fraction(row["dearer_quantity"])


def _some_are_cheaper(row: Row, best_price: Fraction) -> bool:
    """Whether any vendor was paid less than the best one's mean price."""
    quantity = Fraction(row["other_quantity"]) - Fraction(row["dearer_quantity"])
    return Fraction(row["other_amount"]) - Fraction(row["dearer_amount"]) < best_price * quantity


def _mean(row: Row, prefix: str) -> Fraction:
    """A quantity-weighted mean price, exact."""
    return Fraction(row[f"{prefix}amount"]) / Fraction(row[f"{prefix}quantity"])


def _snapshot_price(row: Row) -> Fraction:
    """A snapshot's plain mean price, exact."""
    return Fraction(row["price_sum"]) / Fraction(row["line_count"])
