"""Rules about vendors: one that became dearer, one that the network does not use, one that is there twice."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from operator import itemgetter

from runner.procurement.findings import DAYS_PER_YEAR, SAME_UNIT, Facts, Finding, Row, pick, rule
from runner.rounding import cents, published
from runner.rules.parameters import COUNT, NUMBER, POSITIVE, PRIORITY, SHARE
from runner.words import count, day, listing, measured, percent, possessive

NAMED_ITEMS = 3


@rule(
    "PRICE_NEGOTIATION",
    {
        "min_items": COUNT,
        "min_item_ratio": NUMBER,
        "min_index": NUMBER,
        "min_amount": NUMBER,
        "confidence_items": POSITIVE,
        "valid_days": COUNT,
    },
    claim="vendor",
    windows_query="bridge_quarters",
)
def vendor_price_increase(rows: Iterable[Row], facts: Facts) -> list[Finding]:
    """A vendor's prices are above those of a year ago, on several items and as a whole.

    Args:
        rows: One per assigned vendor × item of spend_bridge's quarter, by vendor (queries/vendor_price_increase.sql).
        facts: As-of date and parameters.

    Returns:
        One finding per vendor: the sum of its price effects × 365 / days of the quarter a year.
    """
    values = facts.values
    least_ratio, least_index = Fraction(values["min_item_ratio"]), Fraction(values["min_index"])
    findings = []
    for _, group in groupby(rows, key=itemgetter("vendor_id")):
        items = list(group)
        matched = [row for row in items if row["quantity_before"] > 0 and row["quantity_now"] > 0]
        dearer = [row for row in matched if _ratio(row) >= least_ratio]
        effect = sum((Fraction(row["price_effect"]) for row in items), Fraction(0))
        if (
            matched
            and len(dearer) >= values["min_items"]
            # Fisher = sqrt(Laspeyres * Paasche) >= least, without the root.
            and _laspeyres(matched) * _paasche(matched) >= least_index**2
            and effect >= Fraction(values["min_amount"])
        ):
            findings.append(_negotiate_all(matched, dearer, effect, facts))
    return findings


def _ratio(row: Row) -> Fraction:
    """An item's mean price now over that before, exact."""
    now = Fraction(row["purchase_amount_now"]) / Fraction(row["quantity_now"])
    return now * Fraction(row["quantity_before"]) / Fraction(row["purchase_amount_before"])


def _laspeyres(matched: Sequence[Row]) -> Fraction:
    """Σ p1 q0 / Σ p0 q0."""
    before = [Fraction(row["purchase_amount_before"]) for row in matched]
    return sum((_ratio(row) * amount for row, amount in zip(matched, before, strict=True)), Fraction(0)) / sum(before)


def _paasche(matched: Sequence[Row]) -> Fraction:
    """Σ p1 q1 / Σ p0 q1."""
    now = [Fraction(row["purchase_amount_now"]) for row in matched]
    return sum(now, Fraction(0)) / sum(
        (amount / _ratio(row) for row, amount in zip(matched, now, strict=True)), Fraction(0)
    )


def _negotiate_all(matched: Sequence[Row], dearer: Sequence[Row], effect: Fraction, facts: Facts) -> Finding:
    values, words, row = facts.values, facts.words, matched[0]
    vendor = row["vendor_name"]
    days = (row["ends_on"] - row["starts_on"]).days + 1
    savings = cents(effect * DAYS_PER_YEAR / days)
    square = _laspeyres(matched) * _paasche(matched)
    index = Fraction((Decimal(square.numerator) / Decimal(square.denominator)).sqrt())
    most = sorted(dearer, key=lambda item: (-item["price_effect"], item["item_id"]))[:NAMED_ITEMS]
    names = [item["item_name"] for item in most]
    named = [f"{_told_apart(item, names)} by {percent(_ratio(item) - 1)}" for item in most]
    return facts.finding(
        row,
        ("vendor",),
        title=f"Negotiate all prices with {vendor}: up {percent(index - 1)}",
        description=(
            f"Saves {words.roughly(savings)} a year: {len(dearer):,} of {count(len(matched), 'item')} bought in the "
            f"same quarter of both years became dearer."
        ),
        reasoning=(
            f"From {day(row['starts_on'])} to {day(row['ends_on'])} the network paid {vendor} {words.amount(effect)} "
            f"more than at the prices of the same dates a year before, {words.roughly(savings)} a year at that pace. "
            f"Over all {count(len(matched), 'item')}, which weigh as they were bought, its prices rose by "
            f"{percent(index - 1)}. What cost most: {listing(named)}. {SAME_UNIT}"
        ),
        savings=savings,
        confidence=facts.confidence(len(dearer), "confidence_items"),
        paid_vendor_id=row["vendor_id"],
        context={
            **pick(row, "starts_on", "ends_on", "before_starts_on", "before_ends_on"),
            "matched_item_count": len(matched),
            "dearer_item_count": len(dearer),
            "price_effect": effect,
            "price_index": index,
            "price_index_change": index - 1,
            "dearest_item_ids": [item["item_id"] for item in most],
            "dearest_items": named,
            **pick(values, "min_index", "min_item_ratio"),
        },
    )


def _told_apart(item: Row, names: Sequence[str]) -> str:
    """An item's name, with its id where another one has the same."""
    name: str = item["item_name"]
    return name if names.count(name) == 1 else f"{name} (item {item['item_id']})"


@rule(
    "VENDOR_SWITCH",
    {"min_extra_cost": NUMBER, "confidence_lines": POSITIVE, "valid_days": COUNT},
    claim="switch",
    window_var="off_usual_days",
    after=("cheaper_vendor",),
)
def off_usual_vendor(rows: Iterable[Row], facts: Facts) -> list[Finding]:
    """A branch buys an item elsewhere than the network does, and pays more.

    Args:
        rows: The mart off_usual_purchases of assigned branches (queries/off_usual_vendor.sql).
        facts: As-of date and parameters; also what `cheaper_vendor` found.

    Returns:
        One finding per item × vendor × branch: the extra cost × 365 / window a year.
    """
    told = facts.fired("cheaper_vendor", "item", "branch")
    return [
        _buy_as_usual(row, facts)
        for row in rows
        if row["extra_cost"] >= facts.values["min_extra_cost"] and (row["item_id"], row["branch_id"]) not in told
    ]


def _buy_as_usual(row: Row, facts: Facts) -> Finding:
    words, days = facts.words, row["window_days"]
    item, branch, vendor, usual = (row[f"{of}_name"] for of in ("item", "branch", "vendor", "usual_vendor"))
    savings = cents(Fraction(row["extra_cost"]) * DAYS_PER_YEAR / days)
    mean = Fraction(row["total_amount"]) / Fraction(row["quantity"])
    return facts.finding(
        row,
        ("item", "vendor", "branch"),
        title=f"Buy {item} at {branch} from {usual}, not from {vendor}",
        description=(
            f"Saves {words.roughly(savings)} a year: {branch} paid {vendor} {words.price(mean)} on average in the last "
            f"{count(days, 'day')}; {usual}, where the network buys it, charges {words.price(row['usual_price'])}."
        ),
        reasoning=(
            f"{branch} bought {measured(row['quantity'], row['unit'])} from {vendor} in "
            f"{count(row['line_count'], 'purchase')}; at {possessive(usual)} average price that would have cost "
            f"{words.amount(row['extra_cost'])} less, {words.roughly(savings)} a year at that pace. {SAME_UNIT}"
        ),
        savings=savings,
        confidence=facts.confidence(min(row["line_count"], row["usual_line_count"]), "confidence_lines"),
        named_price=mean,
        target_price=Fraction(row["usual_price"]),
        quantity=row["quantity"],
        paid_vendor_id=row["vendor_id"],
        context={
            **pick(row, "usual_vendor_id", "usual_vendor_name", "usual_price", "usual_line_count", "extra_cost"),
            **pick(row, "quantity", "total_amount", "line_count", "invoice_count", "window_days"),
            "price": mean,
        },
    )


@rule("CONSOLIDATION", {"name_confidence": SHARE, "priority": PRIORITY, "valid_days": COUNT})
def vendor_twin(rows: Iterable[Row], facts: Facts) -> list[Finding]:
    """A vendor that is there twice, by its tax id or its name.

    Args:
        rows: The mart vendor_twins, by vendor, where both have purchases (queries/vendor_twin.sql).
        facts: As-of date and parameters.

    Returns:
        One finding per vendor, by tax id before by name.
    """
    return [
        _merge(min(group, key=lambda row: row["basis"] != "tax_id"), facts)
        for _, group in groupby(rows, key=itemgetter("vendor_id"))
    ]


def _merge(row: Row, facts: Facts) -> Finding:
    words, vendor, other = facts.words, row["vendor_name"], row["other_vendor_name"]
    by_tax_id = row["basis"] == "tax_id"
    why = f"the tax id of both is {row['tax_id']}" if by_tax_id else "only the writing of their names differs"
    return facts.finding(
        row,
        ("vendor",),
        title=f"Check whether {vendor} and {other} are one vendor",
        description=f"They may be the same, because {why}.",
        reasoning=(
            f"In the last year {vendor} (id {row['vendor_id']}) was paid {words.amount(row['total_amount'])} and "
            f"{other} (id {row['other_vendor_id']}) {words.amount(row['other_total_amount'])}. One record shows what "
            f"is really spent there, and keeps an invoice from being paid twice."
        ),
        confidence=Decimal(1) if by_tax_id else published(facts.values["name_confidence"]),
        context={
            **pick(row, "other_vendor_id", "other_vendor_name", "basis", "tax_id", "other_tax_id"),
            **pick(row, "total_amount", "other_total_amount"),
        },
    )
