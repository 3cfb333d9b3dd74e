"""Every procurement recommendation from its definition: plain loops over exact fractions, no mart and no seed.

`recommendations(sources, as_of, zone)` gives what a first run as of that date must publish, as dicts of column ->
value. Numbers are `Fraction`s: savings rounded to cents, confidence unrounded.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import accumulate
from zoneinfo import ZoneInfo

from oracle.procurement import (
    Row,
    Sources,
    _grouped,
    _orders,
    _purchases,
    _rounded,
    _sum,
    consolidation_opportunities,
    invoice_lines,
    order_anomalies,
    price_snapshots,
    purchase_patterns,
    vendor_order_patterns,
)

YEAR = 365

TYPES = {
    "cheaper_vendor": ("VENDOR_SWITCH", "Vendor switch"),
    "many_vendors": ("CONSOLIDATION", "Consolidation"),
    "same_vendor_price_gap": ("PRICE_NEGOTIATION", "Price negotiation"),
    "price_rise": ("PRICE_NEGOTIATION", "Price negotiation"),
    "small_orders": ("COST_OPTIMIZATION", "Cost optimization"),
    "over_ordering": ("WASTE_PREVENTION", "Waste prevention"),
    "unusual_spend": ("RISK_ALERT", "Risk alert"),
    "single_source": ("RISK_ALERT", "Risk alert"),
    "seasonal_peak": ("SEASONAL_OPPORTUNITY", "Seasonal opportunity"),
    "reorder_due": ("INVENTORY_REORDER", "Inventory reorder"),
}


def recommendations(sources: Sources, as_of: date, zone: str = "UTC") -> list[Row]:
    """What the rules find as of a date, in no order.

    Args:
        sources: The application's tables.
        as_of: The as-of date.
        zone: The business time zone.
    """
    purchases = _purchases(invoice_lines(sources, as_of, zone))
    patterns = purchase_patterns(purchases, as_of)
    anomalies = order_anomalies(purchases, as_of)
    over_ordered = list(over_ordering(anomalies, patterns, as_of))
    found = [
        *cheaper_vendor(purchases, as_of),
        *many_vendors(purchases, as_of),
        *same_vendor_price_gap(purchases, as_of),
        *price_rise(purchases, as_of),
        *small_orders(purchases, as_of),
        *over_ordered,
        *unusual_spend(anomalies, over_ordered, as_of),
        *single_source(purchases, as_of),
        *seasonal_peak(patterns, as_of),
        *reorder_due(patterns, purchases, sources, as_of, zone),
    ]
    for row in found:
        following = datetime.combine(row.pop("expires_on") + timedelta(1), time(), ZoneInfo(zone))
        row["expires_at"] = following.astimezone(UTC)
        row["as_of"] = as_of
        row["status"] = "PENDING"
    return found


def cheaper_vendor(purchases: Sequence[Row], as_of: date) -> Iterator[Row]:
    """A vendor that the network buys an item from for less than the branch's main vendor asks there."""
    recent = [line for line in _last(purchases, as_of, 90) if line["vendor_id"] is not None]
    by_vendor = _grouped(recent, lambda line: (line["item_id"], line["vendor_id"]))
    newest = {
        key: _price([line for line in group if line["date"] == max(other["date"] for other in group)])
        for key, group in by_vendor.items()
    }
    at_branches = [line for line in recent if line["branch_id"] is not None]
    for (item, branch), group in _grouped(at_branches, lambda r: (r["item_id"], r["branch_id"])).items():
        vendors = _grouped(group, lambda line: line["vendor_id"])
        main = min(vendors, key=lambda vendor: (-_sum(vendors[vendor], "amount"), vendor))
        price = _price(vendors[main])
        others = [
            vendor for (of, vendor), lines in by_vendor.items() if of == item and vendor != main and len(lines) >= 3
        ]
        if not others:
            continue
        best = min(others, key=lambda vendor: (_price(by_vendor[item, vendor]), vendor))
        lowest = _price(by_vendor[item, best])
        if lowest > price * Fraction(95, 100) or newest[item, best] > newest[item, main] * Fraction(95, 100):
            continue
        yield _recommendation(
            "cheaper_vendor",
            item=item,
            branch=branch,
            savings=(price - lowest) * _sum(vendors[main], "quantity") * YEAR / 90,
            confidence=_thinner(len(vendors[main]), len(by_vendor[item, best])),
            expires_on=as_of + timedelta(30),
            roles={"main_vendor_id": main, "best_vendor_id": best},
        )


def many_vendors(purchases: Sequence[Row], as_of: date) -> Iterator[Row]:
    """An item that branches buy from several vendors although one is cheaper."""
    for row in consolidation_opportunities(purchases, as_of):
        if row["potential_savings"] <= 0:
            continue
        lines = [
            line["vendor_id"] == row["best_vendor_id"]
            for line in _last(purchases, as_of, 30)
            if line["item_id"] == row["item_id"] and None not in (line["branch_id"], line["vendor_id"])
        ]
        yield _recommendation(
            "many_vendors",
            item=row["item_id"],
            savings=row["potential_savings"] * YEAR / 30,
            confidence=_thinner(lines.count(True), lines.count(False)),
            expires_on=as_of + timedelta(30),
            roles={"best_vendor_id": row["best_vendor_id"]},
        )


def same_vendor_price_gap(purchases: Sequence[Row], as_of: date) -> Iterator[Row]:
    """A branch that pays a vendor more than another branch does."""
    snapshots = [row for row in price_snapshots(purchases, as_of) if None not in (row["branch_id"], row["vendor_id"])]
    for group in _grouped(snapshots, lambda row: (row["item_id"], row["vendor_id"])).values():
        if len(group) < 2:
            continue
        lowest = min(group, key=lambda row: (row["price"], row["branch_id"]))
        for row in group:
            if row["price"] < lowest["price"] * Fraction(11, 10):
                continue
            yield _recommendation(
                "same_vendor_price_gap",
                item=row["item_id"],
                vendor=row["vendor_id"],
                branch=row["branch_id"],
                savings=(row["price"] - lowest["price"]) * row["quantity"] * YEAR / 30,
                confidence=_thinner(row["line_count"], lowest["line_count"]),
                expires_on=as_of + timedelta(30),
                roles={"lowest_branch_id": lowest["branch_id"]},
            )


def price_rise(purchases: Sequence[Row], as_of: date) -> Iterator[Row]:
    """A vendor that charges more for an item than three months ago."""
    assigned = [line for line in purchases if line["vendor_id"] is not None]
    now = _grouped(_last(assigned, as_of, 30), lambda line: (line["item_id"], line["vendor_id"]))
    before = _grouped(_last(assigned, as_of - timedelta(91), 30), lambda line: (line["item_id"], line["vendor_id"]))
    for (item, vendor), lines in now.items():
        earlier = before.get((item, vendor), [])
        if min(len(lines), len(earlier)) < 3 or _price(lines) < _price(earlier) * Fraction(108, 100):
            continue
        yield _recommendation(
            "price_rise",
            item=item,
            vendor=vendor,
            savings=(_price(lines) - _price(earlier)) * _sum(lines, "quantity") * YEAR / 30,
            confidence=_thinner(len(lines), len(earlier)),
            expires_on=as_of + timedelta(30),
        )


def small_orders(purchases: Sequence[Row], as_of: date) -> Iterator[Row]:
    """A branch that orders little from a vendor every few days."""
    for row in vendor_order_patterns(purchases, as_of):
        cycle = row["avg_order_cycle_days"]
        if None in (row["branch_id"], row["vendor_id"], cycle):
            continue
        if row["order_count"] < 8 or cycle > 3 or row["avg_order_amount"] >= 100:
            continue
        yield _recommendation(
            "small_orders",
            vendor=row["vendor_id"],
            branch=row["branch_id"],
            savings=(YEAR / cycle - Fraction(YEAR, 7)) * 25,
            confidence=min(Fraction(1), Fraction(row["order_count"], 20)),
            expires_on=as_of + timedelta(30),
        )


def over_ordering(anomalies: Sequence[Row], patterns: Sequence[Row], as_of: date) -> Iterator[Row]:
    """An order of far more than the branch's other orders of the item."""
    increasing = {
        (row["item_id"], row["branch_id"]): row["is_increasing"] for row in patterns if row["scope"] == "branch"
    }
    for row in _material(anomalies, "quantity"):
        confidence = min(Fraction(1), row["quantity_material_deviation"] / 6)
        yield _recommendation(
            "over_ordering",
            item=row["item_id"],
            branch=row["branch_id"],
            invoice=row["invoice_id"],
            savings=(row["quantity"] - row["expected_quantity"]) * row["amount"] / row["quantity"],
            basis="once",
            confidence=confidence / 2 if increasing[row["item_id"], row["branch_id"]] else confidence,
            expires_on=as_of + timedelta(14),
        )


def unusual_spend(anomalies: Sequence[Row], over_ordered: Sequence[Row], as_of: date) -> Iterator[Row]:
    """An order that cost far more than the branch's other orders of the item, though not for its quantity."""
    told = {(row["item_id"], row["branch_id"], row["invoice_id"]) for row in over_ordered}
    for row in _material(anomalies, "amount"):
        if (row["item_id"], row["branch_id"], row["invoice_id"]) in told:
            continue
        yield _recommendation(
            "unusual_spend",
            item=row["item_id"],
            branch=row["branch_id"],
            invoice=row["invoice_id"],
            confidence=min(Fraction(1), row["amount_material_deviation"] / 6),
            priority=2,
            expires_on=as_of + timedelta(14),
        )


def _material(anomalies: Sequence[Row], measure: str) -> Iterator[Row]:
    """The branches' orders with a material anomaly above in a measure.

    A deviation above 3 shows in the published one too: irrational ones are cut after 50 decimals, rational ones exact.
    """
    for row in anomalies:
        deviation = row[f"{measure}_material_deviation"]
        if row["scope"] != "branch" or row["branch_id"] is None or deviation is None:
            continue
        if deviation > 3 and row[measure] > row[f"expected_{measure}"]:
            yield row


def single_source(purchases: Sequence[Row], as_of: date) -> Iterator[Row]:
    """An item that matters and that several branches buy from the one vendor there is."""
    by_item = _grouped(_last(purchases, as_of, 90), lambda line: line["item_id"])
    vendors = {item: {line["vendor_id"] for line in lines} for item, lines in by_item.items()}
    if all(len(of_item) < 2 for of_item in vendors.values()):
        return
    amounts = {item: _sum(lines, "amount") for item, lines in by_item.items()}
    ordered = sorted(by_item, key=lambda item: (-amounts[item], item))
    before = accumulate((amounts[item] for item in ordered), initial=Fraction(0))
    total = sum(amounts.values(), Fraction(0))
    for item, sum_before in zip(ordered, before, strict=False):
        branches = {line["branch_id"] for line in by_item[item]} - {None}
        if sum_before >= total * Fraction(80, 100) or amounts[item] < 1000 or len(branches) < 2:
            continue
        if len(vendors[item]) != 1 or None in vendors[item]:
            continue
        yield _recommendation(
            "single_source", item=item, confidence=Fraction(1), priority=2, expires_on=as_of + timedelta(30)
        )


def seasonal_peak(patterns: Sequence[Row], as_of: date) -> Iterator[Row]:
    """An item whose season comes next month."""
    first = date(as_of.year + as_of.month // 12, as_of.month % 12 + 1, 1)
    last = date(first.year + first.month // 12, first.month % 12 + 1, 1) - timedelta(1)
    for row in patterns:
        if row["scope"] != "network" or not row["is_seasonal"]:
            continue
        if row["seasonality_pattern"][str(first.month)] < Fraction(125, 100):
            continue
        yield _recommendation(
            "seasonal_peak",
            item=row["item_id"],
            confidence=row["seasonality_strength"],
            priority=5,
            expires_on=last,
        )


def reorder_due(
    patterns: Sequence[Row], purchases: Sequence[Row], sources: Sources, as_of: date, zone: str
) -> Iterator[Row]:
    """An item whose next order is due at a branch and not placed yet."""
    placed = {
        (order.vendor_id, order.branch_id, order.at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date())
        for order in sources.purchase_orders
    }
    by_branch = _grouped(purchases, lambda line: (line["item_id"], line["branch_id"]))
    for row in patterns:
        cycle, item, branch = row["avg_order_cycle_days"], row["item_id"], row["branch_id"]
        if row["scope"] != "branch" or branch is None or cycle is None:
            continue
        if row["order_count"] < 5 or row["confidence_score"] < Fraction(60, 100) or cycle < 5:
            continue
        predicted = row["next_predicted_order_date"]
        if not as_of - timedelta(_rounded(cycle)) <= predicted <= as_of + timedelta(min(7, cycle // 2)):
            continue
        lines = by_branch[item, branch]
        last_order = _orders(lines)[-1]
        usual = next(line["vendor_id"] for line in lines if line["invoice_id"] == last_order.invoice_id)
        if usual is not None and any(
            vendor == usual and at == branch and last_order.date < day <= as_of for vendor, at, day in placed
        ):
            continue
        yield _recommendation(
            "reorder_due",
            item=item,
            branch=branch,
            confidence=row["confidence_score"],
            priority=2 if predicted <= as_of + timedelta(2) else 3,
            expires_on=max(predicted, as_of) + timedelta(7),
        )


def counted_once(found: Iterable[Row]) -> dict[str, Fraction]:
    """What recommendations save together a year and once, money that several price rules claim counted once."""
    saving = [row for row in found if row["estimated_savings"] is not None]
    price_rules = {"cheaper_vendor", "many_vendors", "same_vendor_price_gap", "price_rise"}
    others = [row for row in saving if row["rule_id"] not in price_rules]
    totals = {
        basis: _sum((row for row in others if row["savings_basis"] == basis), "estimated_savings")
        for basis in ("year", "once")
    }
    claims = [row for row in saving if row["rule_id"] in price_rules]
    for group in _grouped(claims, lambda row: row["item_id"]).values():
        of_rule = {
            rule: _sum((row for row in group if row["rule_id"] == rule), "estimated_savings") for rule in price_rules
        }
        of_vendor = _grouped(group, lambda row: (row["rule_id"], row["vendor_id"]))
        negotiable = [_sum(rows, "estimated_savings") for (_, vendor), rows in of_vendor.items() if vendor is not None]
        totals["year"] += max(of_rule["cheaper_vendor"], of_rule["many_vendors"], *negotiable)
    return totals


def _recommendation(
    rule: str,
    *,
    item: int | None = None,
    vendor: int | None = None,
    branch: int | None = None,
    invoice: int | None = None,
    savings: Fraction | None = None,
    basis: str = "year",
    confidence: Fraction,
    priority: int | None = None,
    expires_on: date,
    roles: Row | None = None,
) -> Row:
    """A recommendation; savings are rounded here, and set the priority where the rule does not."""
    cents = None if savings is None else Fraction(_rounded(savings * 100), 100)
    subject = [item, vendor, branch, invoice]
    words = [rule, *("" if part is None else str(part) for part in subject)]
    if priority is None:
        assert cents is not None
        priority = 1 if cents >= 10_000 else 2 if cents >= 2_500 else 3 if cents >= 500 else 4
    return {
        "rule_id": rule,
        "type": TYPES[rule][0],
        "category": TYPES[rule][1],
        "item_id": item,
        "vendor_id": vendor,
        "branch_id": branch,
        "invoice_id": invoice,
        "fingerprint": hashlib.sha256("|".join(words).encode()).hexdigest(),
        "estimated_savings": cents,
        "savings_basis": None if cents is None else basis,
        "confidence_score": confidence,
        "priority": priority,
        "expires_on": expires_on,
        "roles": roles or {},
    }


def _last(purchases: Iterable[Row], as_of: date, days: int) -> list[Row]:
    """The purchases of the days that end with a date."""
    return [line for line in purchases if as_of - timedelta(days - 1) <= line["date"] <= as_of]


def _price(lines: Sequence[Row]) -> Fraction:
    """The mean price, weighted by quantity."""
    return _sum(lines, "amount") / _sum(lines, "quantity")


def _thinner(*sides: int) -> Fraction:
    """How sure a comparison of prices is: full from ten lines on the thinner side."""
    return min(Fraction(1), Fraction(min(sides), 10))
