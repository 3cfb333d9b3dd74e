"""Rules about single invoices: one entered twice, a price for another pack, spending without an order."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from operator import itemgetter

from runner.procurement.findings import Facts, Finding, Row, pick, rule
from runner.rounding import cents, published
from runner.rules.parameters import COUNT, NUMBER, POSITIVE, PRIORITY, SHARE
from runner.words import count, day, each, percent, sentence


@rule(
    "RISK_ALERT",
    {
        "min_amount": NUMBER,
        "sure_days": COUNT,
        "later_confidence": SHARE,
        "confidence_lines": POSITIVE,
        "valid_days": COUNT,
    },
    claim="invoice",
)
def duplicate_invoice(rows: Iterable[Row], facts: Facts) -> list[Finding]:
    """An invoice that looks like an earlier one: the same number and total, or the same lines.

    Args:
        rows: The mart duplicate_invoices, by invoice (queries/duplicate_invoice.sql).
        facts: As-of date and parameters.

    Returns:
        One finding per invoice, for the pair that says most: by number, the larger amount, fewer days apart.
    """
    findings = []
    for _, pairs in groupby(rows, key=itemgetter("invoice_id")):
        at_stake = [pair for pair in pairs if _at_stake(pair) >= facts.values["min_amount"]]
        if at_stake:
            findings.append(_pay_once(min(at_stake, key=_certainty), facts))
    return findings


def _at_stake(pair: Row) -> Decimal:
    amount: Decimal = pair["total_amount"] if pair["basis"] == "number" else pair["identical_amount"]
    return amount


def _certainty(pair: Row) -> tuple[bool, Decimal, int, int]:
    return pair["basis"] != "number", -_at_stake(pair), pair["days_apart"], pair["other_invoice_id"]


def _pay_once(pair: Row, facts: Facts) -> Finding:
    values, words = facts.values, facts.words
    savings = cents(_at_stake(pair))
    one, other = _invoice(pair, ""), _invoice(pair, "other_")
    source = "" if pair["vendor_id"] is None else f" from {pair['vendor_name']}"
    if pair["basis"] == "number":
        sure = Decimal(1) if pair["days_apart"] <= values["sure_days"] else published(values["later_confidence"])
        alike = f"their numbers are alike and both come to {words.amount(savings)}"
    else:
        sure = facts.confidence(pair["identical_line_count"], "confidence_lines")
        alike = (
            f"{count(pair['identical_line_count'], 'line')} with the same item, quantity and price "
            f"{'is' if pair['identical_line_count'] == 1 else 'are'} on both, worth {words.amount(savings)}"
        )
    return facts.finding(
        pair,
        ("vendor", "branch", "invoice"),
        title=f"Check whether {one}{source} is the same as {other}",
        description=f"{sentence(words.roughly(savings))} at stake: the two may be the same, because {alike}.",
        reasoning=(
            f"{sentence(one)} at {pair['branch_name']} is of {day(pair['date'])}, {other} at "
            f"{pair['other_branch_name']} of {day(pair['other_date'])}, {count(pair['days_apart'], 'day')} before. "
            f"Compare the two; if they are one, cancel the later entry or ask for the money back."
        ),
        savings=savings,
        basis="once",
        confidence=sure,
        context={
            **pick(pair, "other_invoice_id", "basis", "invoice_number", "other_invoice_number", "date", "other_date"),
            **pick(pair, "days_apart", "total_amount", "other_total_amount", "other_branch_id", "other_branch_name"),
            **pick(pair, "identical_line_count", "identical_amount", "identical_share"),
        },
    )


def _invoice(pair: Row, prefix: str) -> str:
    number = pair[f"{prefix}invoice_number"]
    return f"invoice {number}" if number else f"the invoice with id {pair[f'{prefix}invoice_id']}"


@rule(
    "RISK_ALERT",
    {"min_amount": NUMBER, "confidence_invoices": POSITIVE, "priority": PRIORITY, "valid_days": COUNT},
    claim="order",
)
def pack_size_error(rows: Iterable[Row], facts: Facts) -> list[Finding]:
    """A price that is a pack size away from what the item usually costs.

    Args:
        rows: The mart unit_price_errors of assigned vendors and branches, by item, vendor, branch and invoice
            (queries/pack_size_error.sql).
        facts: As-of date and parameters.

    Returns:
        One finding per item × vendor × branch × invoice: what was paid above the usual price, once; null where nothing
        was.
    """
    findings = []
    for _, group in groupby(rows, key=itemgetter("item_id", "vendor_id", "branch_id", "invoice_id")):
        lines = list(group)
        stakes = [Fraction(line["amount_at_stake"]) for line in lines]
        if sum(map(abs, stakes)) >= Fraction(facts.values["min_amount"]):
            above = sum((stake for stake in stakes if stake > 0), Fraction(0))
            worst = max(lines, key=lambda line: abs(line["amount_at_stake"]))
            findings.append(_correct_pack(worst, above, facts))
    return findings


def _correct_pack(line: Row, above: Fraction, facts: Facts) -> Finding:
    words, unit = facts.words, each(line["unit"])
    item, branch, on = line["item_name"], line["branch_name"], day(line["date"])
    savings = cents(above) if above > 0 else None
    relation = f"{'' if line['direction'] == 'above' else 'which is '}about {line['factor']} times as much"
    stake = f"{sentence(words.roughly(savings))} at stake: " if savings is not None else ""
    paid = f"{branch} paid {words.price(line['unit_price'])} {unit} where {words.price(line['usual_price'])} is usual"
    return facts.finding(
        line,
        ("item", "vendor", "branch", "invoice"),
        title=f"Check the pack size of {item} from {line['vendor_name']} at {branch} on {on}",
        description=f"{stake}{paid if stake else sentence(paid)}, {relation}.",
        reasoning=(
            f"Half of the purchases of {item} in {count(line['invoice_count'], 'invoice')} of the last year cost "
            f"{words.price(line['usual_price'])} or less. A price {line['factor']} times as high or low is often that "
            f"of a case entered for a piece, or of a piece for a case: compare the line with the paper."
        ),
        savings=savings,
        basis="once",
        confidence=facts.confidence(line["invoice_count"], "confidence_invoices"),
        context=pick(
            line,
            "line_id",
            "date",
            "quantity",
            "unit_price",
            "usual_price",
            "ratio",
            "factor",
            "direction",
            "amount_at_stake",
            "invoice_count",
        ),
    )


@rule(
    "RISK_ALERT",
    {
        "window_days": POSITIVE,
        "min_invoices": COUNT,
        "min_amount": NUMBER,
        "min_covered_share": SHARE,
        "priority": PRIORITY,
        "valid_days": COUNT,
    },
)
def no_purchase_order(rows: Iterable[Row], facts: Facts) -> list[Finding]:
    """A branch buys from a vendor without purchase orders, though it orders most of the rest with them.

    Args:
        rows: One per assigned vendor × branch (queries/no_purchase_order.sql).
        facts: As-of date and parameters.

    Returns:
        One finding per vendor × branch; none where the branch buys from nobody else.
    """
    values = facts.values
    return [
        _ask_for_orders(row, facts)
        for row in rows
        if row["uncovered_invoice_count"] >= values["min_invoices"]
        and row["uncovered_amount"] >= values["min_amount"]
        and row["other_amount"] > 0
        and _covered_share(row) >= Fraction(values["min_covered_share"])
    ]


def _covered_share(row: Row) -> Fraction:
    """The share with an order of what the branch buys from its other vendors, exact."""
    return Fraction(row["other_covered_amount"]) / Fraction(row["other_amount"])


def _ask_for_orders(row: Row, facts: Facts) -> Finding:
    words = facts.words
    days = facts.values.count("window_days")
    share = _covered_share(row)
    branch, vendor = row["branch_name"], row["vendor_name"]
    return facts.finding(
        row,
        ("vendor", "branch"),
        title=f"Order from {vendor} at {branch} with purchase orders",
        description=(
            f"{count(row['uncovered_invoice_count'], 'invoice')} of the last {count(days, 'day')} over "
            f"{words.amount(row['uncovered_amount'])} name no purchase order."
        ),
        reasoning=(
            f"Of what {branch} buys from its other vendors, {percent(share)} has a purchase order. Without one nobody "
            f"has agreed the price, or seen that the goods were wanted, before the invoice comes."
        ),
        confidence=published(share),
        context={
            **pick(row, "uncovered_invoice_count", "uncovered_amount", "other_amount", "other_covered_amount"),
            "covered_share": share,
            "window_days": days,
        },
    )
