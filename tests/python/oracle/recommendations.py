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

from oracle import spend
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
    price_reason,
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
    "vendor_price_increase": ("PRICE_NEGOTIATION", "Price negotiation"),
    "duplicate_invoice": ("RISK_ALERT", "Risk alert"),
    "pack_size_error": ("RISK_ALERT", "Risk alert"),
    "off_usual_vendor": ("VENDOR_SWITCH", "Vendor switch"),
    "vendor_twin": ("CONSOLIDATION", "Consolidation"),
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
    marts = spend.marts(_books(sources), as_of, spend.Settings(timezone=zone))
    packs = list(pack_size_error(marts["unit_price_errors"], as_of))
    cheaper = list(cheaper_vendor(purchases, as_of))
    found = [
        *cheaper,
        *packs,
        *vendor_price_increase(marts["spend_bridge"], purchases, as_of),
        *duplicate_invoice(marts["duplicate_invoices"], as_of),
        *off_usual_vendor(marts["off_usual_purchases"], cheaper, purchases, as_of),
        *vendor_twin(marts["vendor_twins"], as_of),
        *many_vendors(purchases, as_of),
        *same_vendor_price_gap(purchases, as_of),
        *price_rise(purchases, as_of),
        *small_orders(purchases, as_of),
        *over_ordered,
        *unusual_spend(anomalies, [*over_ordered, *packs], as_of),
        *single_source(purchases, as_of),
        *seasonal_peak(patterns, as_of),
        *reorder_due(patterns, purchases, sources, as_of, zone),
    ]
    for row in found:
        row["decision_key"] = _decision_key(row)
        following = datetime.combine(row.pop("expires_on") + timedelta(1), time(), ZoneInfo(zone))
        row["expires_at"] = following.astimezone(UTC)
        row["as_of"] = as_of
        row["status"] = "PENDING"
    return found


def cheaper_vendor(purchases: Sequence[Row], as_of: date) -> Iterator[Row]:
    """A vendor that the network buys an item from for less than the branch's main vendor asks there."""
    recent = [line for line in _unit_priced(_last(purchases, as_of, 90)) if line["vendor_id"] is not None]
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
    comparable = {line["item_id"] for line in _unit_priced(_last(purchases, as_of, 30))}
    for row in consolidation_opportunities(purchases, as_of):
        if row["potential_savings"] <= 0 or row["potential_savings"] * YEAR / 30 < 100:
            continue
        if row["item_id"] not in comparable:
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
    comparable = {line["item_id"] for line in _unit_priced(_last(purchases, as_of, 30))}
    snapshots = [
        row
        for row in price_snapshots(purchases, as_of)
        if None not in (row["branch_id"], row["vendor_id"]) and row["item_id"] in comparable
    ]
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
    both = [_unit_priced(_last(purchases, day, 30)) for day in (as_of, as_of - timedelta(91))]
    comparable = {line["item_id"] for line in both[0]} & {line["item_id"] for line in both[1]}
    for (item, vendor), lines in now.items():
        earlier = before.get((item, vendor), [])
        if min(len(lines), len(earlier)) < 3 or _price(lines) < _price(earlier) * Fraction(108, 100):
            continue
        if item not in comparable:
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
        if (row["quantity"] - row["expected_quantity"]) * row["amount"] / row["quantity"] < 100:
            continue
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
        if row["amount"] - row["expected_amount"] < 100:
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
    if not any(as_of - timedelta(179) <= day <= as_of for _, _, day in placed):
        return
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
            decided_with=usual,
        )


def vendor_price_increase(bridge: Sequence[Row], purchases: Sequence[Row], as_of: date) -> Iterator[Row]:
    """A vendor that charges more than a year ago, on several items and as a whole."""
    quarter = [row for row in bridge if row["period"] == "quarter" and row["vendor_id"] is not None]
    if not quarter:
        return
    halves = [
        [line for line in purchases if quarter[0][f"{half}starts_on"] <= line["date"] <= quarter[0][f"{half}ends_on"]]
        for half in ("", "before_")
    ]
    # An item that was not bought in one of the halves is none without unit prices there.
    spread = {line["item_id"] for half in halves for line in half} - {
        item
        for item in {line["item_id"] for half in halves for line in half}
        if all(price_reason([line for line in half if line["item_id"] == item]) is None for half in halves)
    }
    for vendor, cells in _grouped(quarter, lambda row: row["vendor_id"]).items():
        kept = [row for row in cells if row["item_id"] not in spread]
        prices = []
        for group in _grouped(kept, lambda row: row["item_id"]).values():
            q0, q1 = _sum(group, "quantity_before"), _sum(group, "quantity_now")
            if q0 > 0 and q1 > 0:
                prices.append(
                    (_sum(group, "purchase_amount_before") / q0, q0, _sum(group, "purchase_amount_now") / q1, q1)
                )
        dearer = sum(p1 >= p0 * Fraction(1005, 1000) for p0, _, p1, _ in prices)
        effect = _sum(kept, "price_effect")
        if dearer < 5 or effect < 500:
            continue
        laspeyres = sum(p1 * q0 for _, q0, p1, _ in prices) / sum(p0 * q0 for p0, q0, _, _ in prices)
        paasche = sum(p1 * q1 for _, _, p1, q1 in prices) / sum(p0 * q1 for p0, _, _, q1 in prices)
        if laspeyres * paasche < Fraction(103, 100) ** 2:
            continue
        yield _recommendation(
            "vendor_price_increase",
            vendor=vendor,
            savings=effect * YEAR / 90,
            confidence=min(Fraction(1), Fraction(dearer, 10)),
            expires_on=as_of + timedelta(30),
        )


def duplicate_invoice(pairs: Sequence[Row], as_of: date) -> Iterator[Row]:
    """An invoice that may be an earlier one."""
    for invoice, group in _grouped(pairs, lambda row: row["invoice_id"]).items():
        stakes = [
            (
                0 if row["basis"] == "number" else 1,
                -(row["total_amount"] if row["basis"] == "number" else row["identical_amount"]),
                row["days_apart"],
                row["other_invoice_id"],
            )
            for row in group
        ]
        worth = [stake for stake in stakes if -stake[1] >= 100]
        if not worth:
            continue
        best = min(worth)
        row = next(row for row in group if row["other_invoice_id"] == best[3])
        sure = Fraction(1) if row["days_apart"] <= 30 else Fraction(7, 10)
        if row["basis"] == "lines":
            sure = min(Fraction(1), Fraction(row["identical_line_count"], 10))
        yield _recommendation(
            "duplicate_invoice",
            vendor=row["vendor_id"],
            branch=row["branch_id"],
            invoice=invoice,
            savings=-best[1],
            basis="once",
            confidence=sure,
            expires_on=as_of + timedelta(30),
        )


def pack_size_error(errors: Sequence[Row], as_of: date) -> Iterator[Row]:
    """A price that is a pack size away from the usual one."""
    assigned = [row for row in errors if None not in (row["vendor_id"], row["branch_id"])]
    by_subject = _grouped(assigned, lambda row: (row["item_id"], row["vendor_id"], row["branch_id"], row["invoice_id"]))
    for (item, vendor, branch, invoice), rows in by_subject.items():
        stakes = [row["amount_at_stake"] for row in rows]
        if sum(abs(stake) for stake in stakes) < 100:
            continue
        above = sum((stake for stake in stakes if stake > 0), Fraction(0))
        yield _recommendation(
            "pack_size_error",
            item=item,
            vendor=vendor,
            branch=branch,
            invoice=invoice,
            savings=above or None,
            basis="once",
            confidence=min(Fraction(1), Fraction(rows[0]["invoice_count"], 20)),
            priority=None if above else 3,
            expires_on=as_of + timedelta(14),
        )


def off_usual_vendor(
    elsewhere: Sequence[Row], cheaper: Sequence[Row], purchases: Sequence[Row], as_of: date
) -> Iterator[Row]:
    """A branch that buys an item where the network does not, for more."""
    told = {(row["item_id"], row["branch_id"]) for row in cheaper}
    comparable = {line["item_id"] for line in _unit_priced(_last(purchases, as_of, 90))}
    for row in elsewhere:
        if row["branch_id"] is None or row["extra_cost"] < 100 or row["item_id"] not in comparable:
            continue
        if (row["item_id"], row["branch_id"]) in told:
            continue
        yield _recommendation(
            "off_usual_vendor",
            item=row["item_id"],
            vendor=row["vendor_id"],
            branch=row["branch_id"],
            savings=row["extra_cost"] * YEAR / 90,
            confidence=_thinner(row["line_count"], row["usual_line_count"]),
            expires_on=as_of + timedelta(30),
        )


def vendor_twin(twins: Sequence[Row], as_of: date) -> Iterator[Row]:
    """A vendor that is there twice."""
    bought = [row for row in twins if row["purchase_count"] and row["other_purchase_count"]]
    for vendor, rows in _grouped(bought, lambda row: row["vendor_id"]).items():
        by_tax_id = any(row["basis"] == "tax_id" for row in rows)
        yield _recommendation(
            "vendor_twin",
            vendor=vendor,
            confidence=Fraction(1) if by_tax_id else Fraction(3, 4),
            priority=4,
            expires_on=as_of + timedelta(30),
        )


def _books(sources: Sources) -> spend.Books:
    """The same tables for the marts about spending."""
    return spend.Books(
        vendors={key: spend.Vendor(name) for key, name in sources.vendors.items()},
        branches=sources.branches,
        items={key: spend.Item(item.name, item.vendor_id) for key, item in sources.items.items()},
        invoices={
            key: spend.Invoice(
                id=key,
                at=invoice.at,
                status=invoice.status,
                branch_id=invoice.branch_id,
                vendor_id=invoice.vendor_id,
                deleted_at=invoice.deleted_at,
            )
            for key, invoice in sources.invoices.items()
        },
        lines=[spend.Line(line.id, line.invoice_id, line.item_id, line.quantity, line.price) for line in sources.lines],
    )


def counted_once(found: Iterable[Row]) -> dict[str, Fraction]:
    """What recommendations save together a year and once, money that several rules claim counted once."""
    saving = [row for row in found if row["estimated_savings"] is not None]
    return {"year": _counted_a_year(saving), "once": _counted_once_only(saving)}


def _counted_a_year(saving: Sequence[Row]) -> Fraction:
    """Per item the largest claim, per vendor the larger of its parts and the claim against all its prices."""
    year, of_vendor = _total(saving, "small_orders"), dict[int | None, Fraction]()
    for item in {row["item_id"] for row in saving if row["savings_basis"] == "year"} - {None}:
        claims = list(_claims([row for row in saving if row["item_id"] == item]))
        largest = max(sum(parts.values(), Fraction(0)) for parts in claims)
        counted = next(parts for parts in claims if sum(parts.values(), Fraction(0)) == largest)
        for vendor, part in counted.items():
            of_vendor[vendor] = of_vendor.get(vendor, Fraction(0)) + part
    against_all = {row["vendor_id"] for row in saving if row["rule_id"] == "vendor_price_increase"}
    for vendor in {*of_vendor, *against_all}:
        claim = _total(saving, "vendor_price_increase", vendor_id=vendor) if vendor in against_all else Fraction(0)
        year += max(of_vendor.get(vendor, Fraction(0)), claim)
    return year


def _counted_once_only(saving: Sequence[Row]) -> Fraction:
    """Per invoice the larger of the claim to all of it and of its items' largest claims."""
    once = Fraction(0)
    for invoice in {row["invoice_id"] for row in saving if row["savings_basis"] == "once"}:
        rows = [row for row in saving if row["invoice_id"] == invoice]
        of_items = [
            max(_total(rows, rule, item_id=item) for rule in ("pack_size_error", "over_ordering"))
            for item in {row["item_id"] for row in rows} - {None}
        ]
        once += max(sum(of_items, Fraction(0)), _total(rows, "duplicate_invoice"))
    return once


def _claims(of_item: Sequence[Row]) -> Iterator[dict[int | None, Fraction]]:
    """What rules claim of one item's money, by the vendor it is paid to; equal claims in this order."""
    switches: dict[int | None, Fraction] = {}
    for row in of_item:
        payees = {"cheaper_vendor": row["roles"].get("main_vendor_id"), "off_usual_vendor": row["vendor_id"]}
        if row["rule_id"] in payees:
            payee = payees[row["rule_id"]]
            switches[payee] = switches.get(payee, Fraction(0)) + row["estimated_savings"]
    yield switches
    yield {None: _total(of_item, "many_vendors")}
    for rule in ("price_rise", "same_vendor_price_gap"):
        for vendor_id in sorted({row["vendor_id"] for row in of_item if row["rule_id"] == rule}):
            yield {vendor_id: _total(of_item, rule, vendor_id=vendor_id)}


def _total(rows: Iterable[Row], rule: str, **where: int | None) -> Fraction:
    """What one rule's recommendations save."""
    chosen = (row for row in rows if row["rule_id"] == rule and all(row[name] == of for name, of in where.items()))
    return _sum((row for row in chosen if row["estimated_savings"] is not None), "estimated_savings")


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
    decided_with: int | None = None,
) -> Row:
    """A recommendation; savings are rounded here, and set the priority where the rule does not."""
    cents = None if savings is None else Fraction(_rounded(savings * 100), 100)
    subject = [item, vendor, branch, invoice]
    words = [rule, *("" if part is None else str(part) for part in subject)]
    expected = None
    if cents is not None:
        # The confidence as it is published.
        expected = Fraction(_rounded(cents * Fraction(_rounded(confidence * 10**12), 10**12) * 100), 100)
    if priority is None:
        assert expected is not None
        priority = 1 if expected >= 10_000 else 2 if expected >= 2_500 else 3 if expected >= 500 else 4
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
        "expected_savings": expected,
        "savings_basis": None if cents is None else basis,
        "confidence_score": confidence,
        "priority": priority,
        "expires_on": expires_on,
        "roles": roles or {},
        "decided_with": decided_with,
    }


def _decision_key(row: Row) -> str:
    """What a person would decide at once, hashed."""
    rule = row["rule_id"]
    item, vendor, branch, invoice = (row[f"{part}_id"] for part in ("item", "vendor", "branch", "invoice"))
    decided_with = row.pop("decided_with")
    parts = {
        "cheaper_vendor": (item, row["roles"].get("best_vendor_id"), None, None),
        "same_vendor_price_gap": (item, vendor, None, None),
        "reorder_due": (None, decided_with, branch, None),
        "single_source": (None, None, None, None),
        "seasonal_peak": (None, None, None, None),
    }.get(rule, (item, vendor, branch, invoice))
    text = rule + "".join("|" + ("" if part is None else str(part)) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()


def _unit_priced(lines: Sequence[Row]) -> list[Row]:
    """The lines of items whose prices are unit prices."""
    return [
        line
        for group in _grouped(lines, lambda line: line["item_id"]).values()
        if price_reason(group) is None
        for line in group
    ]


def _last(purchases: Iterable[Row], as_of: date, days: int) -> list[Row]:
    """The purchases of the days that end with a date."""
    return [line for line in purchases if as_of - timedelta(days - 1) <= line["date"] <= as_of]


def _price(lines: Sequence[Row]) -> Fraction:
    """The mean price, weighted by quantity."""
    return _sum(lines, "amount") / _sum(lines, "quantity")


def _thinner(*sides: int) -> Fraction:
    """How sure a comparison of prices is: full from ten lines on the thinner side."""
    return min(Fraction(1), Fraction(min(sides), 10))
