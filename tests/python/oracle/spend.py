"""Every mart about spending from its definition: plain loops over exact fractions, no SQL and no shortcut.

`marts(books, as_of, settings)` gives for each mart the rows it must hold, as dicts of column -> value. Numbers are
`Fraction`s; the columns that end every mart are left out.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import combinations
from math import isqrt
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

Row = dict[str, Any]
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

ZERO = Fraction(0)
PACK_FACTORS = (2, 3, 4, 5, 6, 8, 10, 12, 20, 24, 30, 36, 48, 50, 60, 100, 144, 1000)
LEGAL_FORMS = [
    "ltd",
    "limited",
    "plc",
    "llp",
    "llc",
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "co",
    "company",
    "gmbh",
    "ag",
    "kg",
    "ohg",
    "ug",
    "mbh",
    "ev",
    "sa",
    "sas",
    "sarl",
    "srl",
    "spa",
    "bv",
    "nv",
    "oy",
    "ab",
    "as",
    "aps",
    "pty",
    "the",
]
SIGNS = set("!\"#$%'()*+,-./:;<=>?@[\\]^_`{|}~\u2019\u2018\u201c\u201d\u2013\u2014")

# The columns that identify a row of each mart.
KEYS: dict[str, tuple[str, ...]] = {
    "spend_bridge": ("period", "item_id", "vendor_id", "branch_id"),
    "price_indices": ("scope", "key_id", "month"),
    "vendor_standing": ("scope", "key_id", "vendor_id"),
    "spend_concentration": ("scope", "key_id"),
    "item_standing": ("item_id",),
    "duplicate_invoices": ("invoice_id", "other_invoice_id"),
    "unit_price_errors": ("line_id",),
    "off_usual_purchases": ("item_id", "branch_id", "vendor_id"),
    "vendor_twins": ("vendor_id", "basis"),
    "purchase_order_coverage": ("month", "branch_id", "vendor_id"),
}


@dataclass(frozen=True)
class Settings:
    """The vars the marts depend on, and the business time zone."""

    timezone: str = "UTC"
    fiscal_year_start_month: int = 1
    price_index_months: int = 36
    price_index_min_pairs: int = 5
    price_index_thin_coverage: Fraction = Fraction(3, 5)
    standing_days: int = 365
    class_a_share: Fraction = Fraction(4, 5)
    class_b_share: Fraction = Fraction(19, 20)
    new_vendor_days: int = 90
    lost_vendor_dates: int = 4
    duplicate_window_days: int = 90
    duplicate_number_days: int = 365
    duplicate_lines_days: int = 14
    duplicate_min_items: int = 3
    duplicate_min_share: Fraction = Fraction(4, 5)
    standing_order_share: Fraction = Fraction(1, 2)
    standing_order_days: int = 30
    unit_error_days: int = 90
    unit_error_base_days: int = 365
    unit_error_min_invoices: int = 6
    unit_error_min_ratio: Fraction = Fraction(9, 5)
    unit_error_tolerance: Fraction = Fraction(1, 20)
    off_usual_days: int = 90
    usual_vendor_days: int = 365
    usual_vendor_share: Fraction = Fraction(4, 5)
    usual_vendor_min_invoices: int = 10


@dataclass(frozen=True)
class Vendor:
    """A row of `Vendor`."""

    name: str
    tax_id: str | None = None


@dataclass(frozen=True)
class Item:
    """A row of `Item`."""

    name: str
    vendor_id: int | None
    category: str | None = None


@dataclass(frozen=True)
class Invoice:
    """A row of `Invoice`; `at` is its UTC timestamp without zone."""

    id: int
    at: datetime
    status: str = "APPROVED"
    branch_id: int | None = None
    vendor_id: int | None = None
    purchase_order_id: int | None = None
    number: str | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True)
class Line:
    """A row of `InvoiceItem`."""

    id: int
    invoice_id: int
    item_id: int
    quantity: Fraction
    price: Fraction


@dataclass(frozen=True)
class PurchaseOrder:
    """A row of `PurchaseOrder`; `at` is its UTC timestamp without zone."""

    id: int
    at: datetime
    vendor_id: int
    branch_id: int | None = None
    amount: Fraction | None = None


@dataclass
class Books:
    """The application's tables."""

    vendors: dict[int, Vendor] = field(default_factory=dict)
    branches: dict[int, str] = field(default_factory=dict)
    items: dict[int, Item] = field(default_factory=dict)
    invoices: dict[int, Invoice] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    purchase_orders: dict[int, PurchaseOrder] = field(default_factory=dict)


@dataclass(frozen=True)
class Total:
    """An invoice with all its counted lines."""

    id: int
    day: date
    branch_id: int | None
    vendor_id: int | None
    amount: Fraction
    purchases: Fraction
    number: str | None
    purchase_order_id: int | None
    lines: tuple[Row, ...]


def marts(books: Books, as_of: date, settings: Settings) -> dict[str, list[Row]]:
    """All marts about spending."""
    lines = counted_lines(books, as_of, settings.timezone)
    totals = invoice_totals(books, lines)
    standing = vendor_standing(books, lines, as_of, settings)
    return {
        "spend_bridge": spend_bridge(books, lines, as_of, settings),
        "price_indices": price_indices(books, lines, as_of, settings),
        "vendor_standing": standing,
        "spend_concentration": spend_concentration(standing),
        "item_standing": item_standing(books, lines, as_of, settings),
        "duplicate_invoices": duplicate_invoices(books, totals, as_of, settings),
        "unit_price_errors": unit_price_errors(books, lines, as_of, settings),
        "off_usual_purchases": off_usual_purchases(books, lines, as_of, settings),
        "vendor_twins": vendor_twins(books, lines, as_of, settings),
        "purchase_order_coverage": purchase_order_coverage(books, totals, as_of, settings),
    }


def counted_lines(books: Books, as_of: date, zone: str) -> list[Row]:
    """The lines of approved, undeleted invoices up to the as-of date."""
    rows = []
    for line in books.lines:
        invoice = books.invoices[line.invoice_id]
        day = _business_date(invoice.at, zone)
        if invoice.status != "APPROVED" or invoice.deleted_at is not None or day > as_of:
            continue
        item = books.items[line.item_id]
        rows.append(
            {
                "line_id": line.id,
                "invoice_id": invoice.id,
                "date": day,
                "item_id": line.item_id,
                "category": item.category,
                "vendor_id": item.vendor_id if invoice.vendor_id is None else invoice.vendor_id,
                "branch_id": invoice.branch_id,
                "quantity": line.quantity,
                "unit_price": line.price,
                "amount": line.quantity * line.price,
            }
        )
    return rows


def spend_bridge(books: Books, lines: Sequence[Row], as_of: date, settings: Settings) -> list[Row]:
    """Why spending changed, per period and cell."""
    fiscal_year = as_of.year if as_of.month >= settings.fiscal_year_start_month else as_of.year - 1
    fiscal_start = date(fiscal_year, settings.fiscal_year_start_month, 1)
    quarter_start = as_of - timedelta(89)
    periods = {
        "quarter": (quarter_start, as_of, _year_earlier(quarter_start), _year_earlier(as_of)),
        "year": (as_of - timedelta(364), as_of, as_of - timedelta(729), as_of - timedelta(365)),
        "fiscal_year": (fiscal_start, as_of, _year_earlier(fiscal_start), _year_earlier(as_of)),
    }
    rows = []
    for period, (starts, ends, before_starts, before_ends) in periods.items():
        now = [line for line in lines if starts <= line["date"] <= ends]
        before = [line for line in lines if before_starts <= line["date"] <= before_ends]
        item_now, item_before = _grouped(_purchases(now), _item), _grouped(_purchases(before), _item)
        cell_now, cell_before = _grouped(now, _cell), _grouped(before, _cell)
        for cell in cell_now.keys() | cell_before.keys():
            item_id, vendor_id, branch_id = cell
            all_now, all_before = cell_now.get(cell, []), cell_before.get(cell, [])
            q1, a1 = _sum(_purchases(all_now), "quantity"), _sum(_purchases(all_now), "amount")
            q0, a0 = _sum(_purchases(all_before), "quantity"), _sum(_purchases(all_before), "amount")
            whole_q1 = _sum(item_now.get(item_id, []), "quantity")
            whole_q0 = _sum(item_before.get(item_id, []), "quantity")
            whole_a0 = _sum(item_before.get(item_id, []), "amount")
            price = mix = volume = new = lost = ZERO
            if whole_q0 > 0 and whole_q1 > 0:
                if q0 > 0 and q1 > 0:
                    price = a1 - _rounded(q1 * a0 / q0)
                volume = _rounded((q1 - q0) * whole_a0 / whole_q0)
                mix = a1 - a0 - price - volume
            elif whole_q1 > 0:
                new = a1
            elif whole_q0 > 0:
                lost = -a0
            change = _sum(all_now, "amount") - _sum(all_before, "amount")
            rows.append(
                {
                    "period": period,
                    "starts_on": starts,
                    "ends_on": ends,
                    "before_starts_on": before_starts,
                    "before_ends_on": before_ends,
                    "before_is_complete": min(line["date"] for line in lines) <= before_starts,
                    "item_id": item_id,
                    "item_name": books.items[item_id].name,
                    **_vendor(books, vendor_id),
                    **_branch(books, branch_id),
                    "quantity_before": q0,
                    "quantity_now": q1,
                    "purchase_amount_before": a0,
                    "purchase_amount_now": a1,
                    "amount_before": _sum(all_before, "amount"),
                    "amount_now": _sum(all_now, "amount"),
                    "change": change,
                    "price_effect": price,
                    "mix_effect": mix,
                    "volume_effect": volume,
                    "new_item_effect": new,
                    "lost_item_effect": lost,
                    "other_effect": change - (a1 - a0),
                }
            )
    return rows


def price_indices(books: Books, lines: Sequence[Row], as_of: date, settings: Settings) -> list[Row]:
    """Laspeyres', Paasche's and Fisher's indices per month and key."""
    purchases = _purchases(lines)
    tomorrow = as_of + timedelta(1)
    last = tomorrow.year * 12 + tomorrow.month - 2
    keys: dict[tuple[str, Any], list[Row]] = defaultdict(list)
    has_categories = any(item.category is not None for item in books.items.values())
    for line in purchases:
        keys["network", None].append(line)
        keys["vendor", line["vendor_id"]].append(line)
        keys["branch", line["branch_id"]].append(line)
        if has_categories:
            keys["category", line["category"]].append(line)
    rows = []
    for (scope, key), bought in keys.items():
        pairs: dict[int, dict[tuple[Any, Any], list[Row]]] = defaultdict(dict)
        for (month, *pair), group in _grouped(
            bought, lambda r: (_month(r["date"]), r["item_id"], r["vendor_id"])
        ).items():
            pairs[month][tuple(pair)] = group  # type: ignore[index]
        first = max(min(pairs), last - settings.price_index_months + 1)
        squared_chain = Fraction(1)
        for month in range(first, last + 1):
            year = _compare(pairs.get(month, {}), pairs.get(month - 12, {}))
            step = _compare(pairs.get(month, {}), pairs.get(month - 1, {}))
            total = sum((_sum(group, "amount") for group in pairs.get(month, {}).values()), ZERO)
            has_year = year["pairs"] >= settings.price_index_min_pairs
            has_step = step["pairs"] >= settings.price_index_min_pairs
            if month > first and has_step:
                squared_chain *= step["laspeyres"] * step["paasche"]
            coverage = year["matched"] / total if total > 0 else None
            rows.append(
                {
                    "scope": scope,
                    "key_id": None if key is None else str(key),
                    "key_name": _key_name(books, scope, key),
                    "month": date(month // 12, month % 12 + 1, 1),
                    "purchase_amount": total,
                    "year_laspeyres": year["laspeyres"] if has_year else None,
                    "year_paasche": year["paasche"] if has_year else None,
                    "year_fisher": _root(year["laspeyres"] * year["paasche"]) if has_year else None,
                    "year_pairs": year["pairs"],
                    "year_coverage": coverage,
                    "is_thin": None if coverage is None else coverage < settings.price_index_thin_coverage,
                    "month_fisher": _root(step["laspeyres"] * step["paasche"]) if has_step else None,
                    "month_pairs": step["pairs"],
                    "chained_index": 100 * _root(squared_chain),
                }
            )
    return rows


def _compare(now: dict[Any, list[Row]], before: dict[Any, list[Row]]) -> Row:
    p1q1 = p1q0 = p0q1 = p0q0 = ZERO
    both = now.keys() & before.keys()
    for pair in both:
        q1, a1 = _sum(now[pair], "quantity"), _sum(now[pair], "amount")
        q0, a0 = _sum(before[pair], "quantity"), _sum(before[pair], "amount")
        p1q1, p0q0 = p1q1 + a1, p0q0 + a0
        p1q0, p0q1 = p1q0 + a1 / q1 * q0, p0q1 + a0 / q0 * q1
    return {
        "pairs": len(both),
        "matched": p1q1,
        "laspeyres": p1q0 / p0q0 if both else None,
        "paasche": p1q1 / p0q1 if both else None,
    }


def vendor_standing(books: Books, lines: Sequence[Row], as_of: date, settings: Settings) -> list[Row]:
    """Each vendor's part of the spending of the network, each branch and each category."""
    keys: dict[tuple[str, Any], list[Row]] = defaultdict(list)
    for line in lines:
        keys["network", None].append(line)
        keys["branch", line["branch_id"]].append(line)
        if any(item.category is not None for item in books.items.values()):
            keys["category", line["category"]].append(line)
    new_from = as_of - timedelta(settings.new_vendor_days - 1)
    lost_to = new_from - timedelta(1)
    lost_from = lost_to - timedelta(settings.standing_days - 1)
    rows = []
    for (scope, key), in_key in keys.items():
        key_first = min((line["date"] for line in _purchases(in_key)), default=None)
        ranked = []
        for vendor_id, group in _grouped(in_key, lambda line: line["vendor_id"]).items():
            counted = [line for line in group if line["date"] > as_of - timedelta(settings.standing_days)]
            if not counted:
                continue
            days = sorted({line["date"] for line in _purchases(group)})
            earlier = [day for day in days if lost_from <= day <= lost_to]
            ranked.append(
                {
                    "scope": scope,
                    "key_id": None if key is None else str(key),
                    "key_name": _key_name(books, scope, key),
                    **_vendor(books, vendor_id),
                    "total_amount": _sum(counted, "amount"),
                    **_counts(counted, "invoice", "item", "branch"),
                    "is_new": bool(days)
                    and days[0] >= new_from
                    and key_first is not None
                    and key_first <= as_of - timedelta(settings.standing_days),
                    "is_lost": len(earlier) >= settings.lost_vendor_dates and days[-1] <= lost_to,
                    "is_one_off": len({line["invoice_id"] for line in counted}) == 1,
                }
            )
        rows += _ranked(ranked, "vendor_id", settings)
    return rows


def _ranked(rows: list[Row], key: str, settings: Settings) -> list[Row]:
    """The rows with their share, rank and class, the largest first."""
    ordered = sorted(rows, key=lambda row: (-row["total_amount"], row[key] is None, row[key]))
    whole = sum((row["total_amount"] for row in rows if row["total_amount"] > 0), ZERO)
    before = ZERO
    for row in ordered:
        amount = row["total_amount"]
        row["spend_rank"] = 1 + sum(other["total_amount"] > amount for other in rows)
        row["spend_share"] = row["class"] = None
        if amount <= 0:
            continue
        row["spend_share"] = amount / whole
        in_a, in_b = before < settings.class_a_share * whole, before < settings.class_b_share * whole
        row["class"] = "A" if in_a else "B" if in_b else "C"
        before += amount
    return ordered


def spend_concentration(standing: Sequence[Row]) -> list[Row]:
    """How much each key depends on few vendors; expects each key's vendors in their order."""
    rows = []
    for vendors in _grouped(standing, lambda row: (row["scope"], row["key_id"])).values():
        counted = [row for row in vendors if row["total_amount"] > 0]
        hhi = sum((row["spend_share"] ** 2 for row in counted), ZERO)
        tail = [row for row in counted if row["class"] == "C"]
        rows.append(
            {
                **_take(vendors[0], "scope", "key_id", "key_name"),
                "vendor_count": len(counted),
                "hhi": hhi if counted else None,
                "effective_vendor_count": 1 / hhi if counted else None,
                "top_vendor_id": counted[0]["vendor_id"] if counted else None,
                "top_vendor_name": counted[0]["vendor_name"] if counted else None,
                "top_share": counted[0]["spend_share"] if counted else None,
                "tail_vendor_count": len(tail),
                "tail_share": sum((row["spend_share"] for row in tail), ZERO) if counted else None,
            }
        )
    return rows


def item_standing(books: Books, lines: Sequence[Row], as_of: date, settings: Settings) -> list[Row]:
    """Each item's part of spending."""
    counted = [line for line in lines if line["date"] > as_of - timedelta(settings.standing_days)]
    rows = [
        {
            "item_id": item_id,
            "item_name": books.items[item_id].name,
            "total_amount": _sum(group, "amount"),
            **_counts(group, "invoice", "vendor", "branch"),
        }
        for item_id, group in _grouped(counted, _item).items()
    ]
    return _ranked(rows, "item_id", settings)


def invoice_totals(books: Books, lines: Sequence[Row]) -> list[Total]:
    """The invoices with a counted line."""
    totals = []
    for invoice_id, group in _grouped(lines, lambda line: line["invoice_id"]).items():
        invoice = books.invoices[invoice_id]
        vendors = {line["vendor_id"] for line in group}
        own = vendors.pop() if len(vendors) == 1 else None
        totals.append(
            Total(
                invoice_id,
                group[0]["date"],
                invoice.branch_id,
                own if invoice.vendor_id is None else invoice.vendor_id,
                _sum(group, "amount"),
                _sum(_purchases(group), "amount"),
                invoice.number,
                invoice.purchase_order_id,
                tuple(group),
            )
        )
    return totals


def duplicate_invoices(books: Books, totals: Sequence[Total], as_of: date, settings: Settings) -> list[Row]:
    """Pairs of invoices that may be the same."""
    groups = {total.id: _line_groups(total) for total in totals}
    rows = []
    for pair in combinations(sorted(totals, key=lambda total: (total.day, total.id)), 2):
        other, later = pair
        if later.day <= as_of - timedelta(settings.duplicate_window_days):
            continue
        days = (later.day - other.day).days
        key = _number_key(later.number)
        same = {name: amount for name, amount in groups[later.id].items() if name in groups[other.id]}
        larger = max(later.purchases, other.purchases)
        amount = sum(same.values(), ZERO)
        if (
            later.vendor_id is not None
            and later.vendor_id == other.vendor_id
            and key is not None
            and key == _number_key(other.number)
            and later.amount == other.amount > 0
            and days <= settings.duplicate_number_days
        ):
            basis = "number"
        elif (
            later.branch_id == other.branch_id
            and later.vendor_id == other.vendor_id
            and days <= settings.duplicate_lines_days
            and len({item for item, _, _ in same}) >= settings.duplicate_min_items
            and amount >= settings.duplicate_min_share * larger
            and not any(_repeats(total, pair, totals, groups, settings) for total in pair)
        ):
            basis = "lines"
        else:
            continue
        rows.append(
            {
                "invoice_id": later.id,
                "other_invoice_id": other.id,
                "basis": basis,
                "date": later.day,
                "other_date": other.day,
                "days_apart": days,
                "invoice_number": later.number,
                "other_invoice_number": other.number,
                "total_amount": later.amount,
                "other_total_amount": other.amount,
                "identical_line_count": len(same),
                "identical_amount": amount,
                "identical_share": amount / larger if larger else None,
                **_vendor(books, later.vendor_id),
                **_branch(books, later.branch_id),
                **{f"other_{name}": value for name, value in _branch(books, other.branch_id).items()},
            }
        )
    return rows


def _line_groups(total: Total) -> dict[tuple[int, Fraction, Fraction], Fraction]:
    """An invoice's purchases by item and price: (item, price, quantity) -> amount."""
    bought = _grouped(_purchases(total.lines), lambda line: (line["item_id"], line["unit_price"]))
    return {(item, price, _sum(lines, "quantity")): _sum(lines, "amount") for (item, price), lines in bought.items()}


def _repeats(
    total: Total, pair: tuple[Total, ...], totals: Sequence[Total], groups: dict[int, Any], settings: Settings
) -> bool:
    """Whether an invoice shares half of its lines with a third one: a standing order."""
    for third in totals:
        near = abs((third.day - total.day).days) <= settings.standing_order_days
        if third in pair or third.branch_id != total.branch_id or not near:
            continue
        shared = sum((amount for name, amount in groups[total.id].items() if name in groups[third.id]), ZERO)
        if shared > 0 and shared >= settings.standing_order_share * max(total.purchases, third.purchases):
            return True
    return False


def unit_price_errors(books: Books, lines: Sequence[Row], as_of: date, settings: Settings) -> list[Row]:
    """Purchase lines whose price is a pack size away from the usual one."""
    base_from = as_of - timedelta(settings.unit_error_base_days - 1)
    recent_from = as_of - timedelta(settings.unit_error_days - 1)
    rows = []
    for item_id, group in _grouped(_purchases(lines), _item).items():
        base = [line for line in group if line["date"] >= base_from]
        prices = sorted(line["unit_price"] for line in base)
        invoices = {line["invoice_id"] for line in base}
        if len(invoices) < settings.unit_error_min_invoices:
            continue
        usual = prices[(len(prices) + 1) // 2 - 1]
        recent = [line for line in group if line["date"] >= recent_from]
        kinds = {line["line_id"]: _pack_error(line["unit_price"], usual, settings) for line in recent}
        for line in recent:
            kind = kinds[line["line_id"]]
            if kind is None or 2 * sum(other == kind for other in kinds.values()) >= len(recent):
                continue
            factor, direction = kind
            price = line["unit_price"]
            rows.append(
                {
                    **_take(line, "line_id", "invoice_id", "date"),
                    "item_id": item_id,
                    "item_name": books.items[item_id].name,
                    **_vendor(books, line["vendor_id"]),
                    **_branch(books, line["branch_id"]),
                    **_take(line, "quantity", "unit_price"),
                    "usual_price": usual,
                    "ratio": max(price, usual) / min(price, usual),
                    "factor": Fraction(factor),
                    "direction": direction,
                    "amount_at_stake": (price - usual) * line["quantity"],
                    "invoice_count": len(invoices),
                }
            )
    return rows


def _pack_error(price: Fraction, usual: Fraction, settings: Settings) -> tuple[int, str] | None:
    ratio = max(price, usual) / min(price, usual)
    factor = min(PACK_FACTORS, key=lambda factor: (abs(ratio - factor) / factor, factor))
    if ratio < settings.unit_error_min_ratio or abs(ratio - factor) / factor > settings.unit_error_tolerance:
        return None
    return factor, "above" if price > usual else "below"


def off_usual_purchases(books: Books, lines: Sequence[Row], as_of: date, settings: Settings) -> list[Row]:
    """What was bought from another vendor than the item's usual one."""
    recent_from = as_of - timedelta(settings.off_usual_days - 1)
    base_from = recent_from - timedelta(settings.usual_vendor_days)
    rows = []
    assigned = [line for line in _purchases(lines) if line["vendor_id"] is not None]
    for item_id, group in _grouped(assigned, _item).items():
        base = [line for line in group if base_from <= line["date"] < recent_from]
        recent = [line for line in group if line["date"] >= recent_from]
        usual = None
        for vendor_id, own in _grouped(base, lambda line: line["vendor_id"]).items():
            invoices, all_invoices = _counts(own, "invoice"), _counts(base, "invoice")
            if (
                _sum(own, "amount") >= settings.usual_vendor_share * _sum(base, "amount")
                and invoices["invoice_count"] >= settings.usual_vendor_share * all_invoices["invoice_count"]
                and invoices["invoice_count"] >= settings.usual_vendor_min_invoices
            ):
                usual = vendor_id
        if usual is None:
            continue
        priced = [line for line in recent if line["vendor_id"] == usual] or [
            line for line in base if line["vendor_id"] == usual
        ]
        price = _sum(priced, "amount") / _sum(priced, "quantity")
        elsewhere = [line for line in recent if line["vendor_id"] != usual]
        for (branch_id, vendor_id), cell in _grouped(elsewhere, lambda r: (r["branch_id"], r["vendor_id"])).items():
            quantity, amount = _sum(cell, "quantity"), _sum(cell, "amount")
            rows.append(
                {
                    "item_id": item_id,
                    "item_name": books.items[item_id].name,
                    **_branch(books, branch_id),
                    **_vendor(books, vendor_id),
                    "usual_vendor_id": usual,
                    "usual_vendor_name": books.vendors[usual].name,
                    **_counts(cell, "invoice"),
                    "line_count": len(cell),
                    "quantity": quantity,
                    "total_amount": amount,
                    "mean_price": amount / quantity,
                    "usual_price": price,
                    "usual_line_count": len(priced),
                    "extra_cost": amount - price * quantity,
                }
            )
    return rows


def vendor_twins(books: Books, lines: Sequence[Row], as_of: date, settings: Settings) -> list[Row]:
    """Vendors that may be another one entered twice."""
    counted = [line for line in lines if line["date"] > as_of - timedelta(settings.standing_days)]
    by_vendor = _grouped(counted, lambda line: line["vendor_id"])
    amount = {vendor_id: _sum(by_vendor.get(vendor_id, []), "amount") for vendor_id in books.vendors}
    tax_keys = {vendor_id: _tax_key(vendor.tax_id) for vendor_id, vendor in books.vendors.items()}
    name_keys = {vendor_id: _name_key(vendor.name) for vendor_id, vendor in books.vendors.items()}
    found: dict[frozenset[int], tuple[int, int, str]] = {}
    for basis, keys in (("name", name_keys), ("tax_id", tax_keys)):
        for key, group in _grouped(books.vendors, keys.__getitem__).items():
            if key is None:
                continue
            largest, *members = sorted(group, key=lambda vendor_id: (-amount[vendor_id], vendor_id))
            for member in members:
                differ = None not in (tax_keys[member], tax_keys[largest]) and tax_keys[member] != tax_keys[largest]
                if basis == "tax_id" or not differ:
                    found[frozenset((member, largest))] = (member, largest, basis)
    return [
        {
            "vendor_id": member,
            "vendor_name": books.vendors[member].name,
            "other_vendor_id": largest,
            "other_vendor_name": books.vendors[largest].name,
            "basis": basis,
            "tax_id": books.vendors[member].tax_id,
            "other_tax_id": books.vendors[largest].tax_id,
            "total_amount": amount[member],
            "other_total_amount": amount[largest],
            "purchase_count": len(_purchases(by_vendor.get(member, []))),
            "other_purchase_count": len(_purchases(by_vendor.get(largest, []))),
        }
        for member, largest, basis in found.values()
    ]


def _letters_and_digits(text: str | None) -> str:
    return "".join(sign for sign in text or "" if sign.isascii() and sign.isalnum()).upper()


def _identifying(key: str) -> str | None:
    return key if len(key) >= 4 and sum(sign.isdigit() for sign in key) >= 3 else None


def _number_key(number: str | None) -> str | None:
    return _identifying(_letters_and_digits(number).lstrip("0"))


def _tax_key(tax_id: str | None) -> str | None:
    return _identifying(_letters_and_digits(tax_id))


def _name_key(name: str) -> str | None:
    words = re.split(" t/a | dba ", name.lower())[0].replace("&", " and ")
    kept = "".join(sign for sign in words if sign not in SIGNS).split()
    key = sorted(word for word in kept if word not in LEGAL_FORMS)
    return " ".join(key) if len("".join(key)) >= 4 else None


def purchase_order_coverage(books: Books, totals: Sequence[Total], as_of: date, settings: Settings) -> list[Row]:
    """How much of the invoices had a purchase order."""
    if not any(total.amount > 0 and total.purchase_order_id is not None for total in totals):
        return []
    orders = {
        order.id: order.amount
        for order in books.purchase_orders.values()
        if order.amount is not None and _business_date(order.at, settings.timezone) <= as_of
    }
    over: dict[Any, Fraction] = defaultdict(Fraction)
    for order_id, invoiced in _grouped(totals, lambda total: total.purchase_order_id).items():
        ordered = orders.get(order_id) if order_id is not None else None
        if ordered is None:
            continue
        last = max(invoiced, key=lambda total: (total.day, total.id))
        excess = sum((total.amount for total in invoiced), ZERO) - ordered
        over[last.day.replace(day=1), last.branch_id, last.vendor_id] += max(ZERO, excess)
    rows = []
    for group_key, group in _grouped(totals, lambda t: (t.day.replace(day=1), t.branch_id, t.vendor_id)).items():
        month, branch_id, vendor_id = group_key
        counted = [total for total in group if total.amount > 0]
        covered = [total for total in counted if total.purchase_order_id is not None]
        if not counted and not over[group_key] > 0:
            continue
        amount, with_order = (sum((total.amount for total in some), ZERO) for some in (counted, covered))
        rows.append(
            {
                "month": month,
                **_branch(books, branch_id),
                **_vendor(books, vendor_id),
                "invoice_count": len(counted),
                "total_amount": amount,
                "covered_invoice_count": len(covered),
                "covered_amount": with_order,
                "uncovered_invoice_count": len(counted) - len(covered),
                "uncovered_amount": amount - with_order,
                "covered_share": with_order / amount if amount > 0 else None,
                "over_ordered_amount": over[group_key] if orders else None,
            }
        )
    return rows


def _business_date(at: datetime, zone: str) -> date:
    return at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def _year_earlier(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _item(line: Row) -> int:
    number: int = line["item_id"]
    return number


def _cell(line: Row) -> tuple[int, int | None, int | None]:
    return line["item_id"], line["vendor_id"], line["branch_id"]


def _vendor(books: Books, vendor_id: int | None) -> Row:
    return {"vendor_id": vendor_id, "vendor_name": "Unassigned" if vendor_id is None else books.vendors[vendor_id].name}


def _branch(books: Books, branch_id: int | None) -> Row:
    return {"branch_id": branch_id, "branch_name": "Unassigned" if branch_id is None else books.branches[branch_id]}


def _key_name(books: Books, scope: str, key: Any) -> str:
    if scope == "network":
        return "All"
    if key is None:
        return "Unassigned"
    named = {"vendor": {number: vendor.name for number, vendor in books.vendors.items()}, "branch": books.branches}
    return str(named.get(scope, {}).get(key, key))


def _counts(lines: Iterable[Row], *things: str) -> Row:
    listed = list(lines)
    return {f"{thing}_count": len({line[f"{thing}_id"] for line in listed}) for thing in things}


def _purchases(lines: Iterable[Row]) -> list[Row]:
    """The lines that are no credit note and no free good."""
    return [line for line in lines if line["quantity"] > 0 and line["unit_price"] > 0]


def _take(row: Row, *columns: str) -> Row:
    return {column: row[column] for column in columns}


def _grouped(rows: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _sum(rows: Iterable[Row], column: str) -> Fraction:
    return sum((row[column] for row in rows), ZERO)


def _root(value: Fraction) -> Fraction:
    """The square root: exact where it is rational, else to 50 decimals and more."""
    return Fraction(isqrt(value.numerator * value.denominator * 10**100), value.denominator * 10**50)


def _rounded(value: Fraction) -> Fraction:
    """To 12 decimals, half away from zero."""
    units = (2 * abs(value) * 10**12 + 1) // 2
    return Fraction(units if value >= 0 else -units, 10**12)
