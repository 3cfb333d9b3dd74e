"""Every procurement mart from its definition: plain loops over exact fractions, no SQL and no shortcut.

`marts(sources, as_of, zone)` gives for each mart the rows it must hold, as dicts of column -> value. Numbers are
`Fraction`s: what the warehouse publishes with a fixed scale must lie within half a unit of it. The columns of
the run (`as_of`, `computed_at`, `run_id`) are left out.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from math import isqrt
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

Row = dict[str, Any]
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

# The columns that identify a row of each mart.
KEYS: dict[str, tuple[str, ...]] = {
    "invoice_lines": ("line_id",),
    "spending_metrics": ("dimension_hash",),
    "price_snapshots": ("snapshot_date", "item_id", "vendor_id", "branch_id"),
    "price_variance": ("item_id", "vendor_id", "branch_id"),
    "item_price_benchmarks": ("item_id",),
    "purchase_patterns": ("scope", "item_id", "branch_id"),
    "vendor_order_patterns": ("branch_id", "vendor_id"),
    "order_anomalies": ("scope", "item_id", "branch_id", "invoice_id"),
    "consolidation_opportunities": ("item_id",),
    "branch_spending": ("month", "branch_id"),
}


@dataclass(frozen=True)
class Item:
    """A row of `Item`."""

    name: str
    vendor_id: int | None


@dataclass(frozen=True)
class Invoice:
    """A row of `Invoice`; `at` is its UTC timestamp without zone."""

    id: int
    at: datetime
    status: str = "APPROVED"
    branch_id: int | None = None
    department_id: int | None = None
    cost_center_id: int | None = None
    vendor_id: int | None = None
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
    status: str = "SENT"


@dataclass
class Sources:
    """The application's tables."""

    vendors: dict[int, str] = field(default_factory=dict)
    branches: dict[int, str] = field(default_factory=dict)
    departments: dict[int, str] = field(default_factory=dict)
    cost_centers: dict[int, str] = field(default_factory=dict)
    items: dict[int, Item] = field(default_factory=dict)
    invoices: dict[int, Invoice] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    purchase_orders: list[PurchaseOrder] = field(default_factory=list)


@dataclass(frozen=True)
class Order:
    """One invoice's purchase lines of one item (or of one vendor) added up."""

    date: date
    invoice_id: int
    quantity: Fraction
    amount: Fraction


def marts(
    sources: Sources, as_of: date, zone: str = "UTC", snapshot_dates: Sequence[date] = ()
) -> dict[str, list[Row]]:
    """All procurement marts.

    Args:
        sources: The application's tables.
        as_of: The as-of date.
        zone: The business time zone.
        snapshot_dates: Other dates whose price snapshots were taken before.
    """
    lines = invoice_lines(sources, as_of, zone)
    purchases = _purchases(lines)
    snapshots = [
        row
        for day in (*snapshot_dates, as_of)
        for row in price_snapshots(_purchases(invoice_lines(sources, day, zone)), day)
    ]
    variance = price_variance(snapshots, as_of)
    return {
        "invoice_lines": lines,
        "spending_metrics": spending_metrics(lines),
        "price_snapshots": snapshots,
        "price_variance": variance,
        "item_price_benchmarks": item_price_benchmarks(variance, purchases, as_of),
        "purchase_patterns": purchase_patterns(purchases, as_of),
        "vendor_order_patterns": vendor_order_patterns(purchases, as_of),
        "order_anomalies": order_anomalies(purchases, as_of),
        "consolidation_opportunities": consolidation_opportunities(purchases, as_of),
        "branch_spending": branch_spending(lines),
    }


def invoice_lines(sources: Sources, as_of: date, zone: str) -> list[Row]:
    """The lines of approved, undeleted invoices up to the as-of date."""
    rows = []
    for line in sources.lines:
        invoice = sources.invoices[line.invoice_id]
        day = invoice.at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()
        if invoice.status != "APPROVED" or invoice.deleted_at is not None or day > as_of:
            continue
        item = sources.items[line.item_id]
        vendor_id = item.vendor_id if invoice.vendor_id is None else invoice.vendor_id
        rows.append(
            {
                "line_id": line.id,
                "invoice_id": invoice.id,
                "date": day,
                "item_id": line.item_id,
                "item_name": item.name,
                "vendor_id": vendor_id,
                "vendor_name": _name(sources.vendors, vendor_id),
                "branch_id": invoice.branch_id,
                "branch_name": _name(sources.branches, invoice.branch_id),
                "department_id": invoice.department_id,
                "department_name": _name(sources.departments, invoice.department_id),
                "cost_center_id": invoice.cost_center_id,
                "cost_center_name": _name(sources.cost_centers, invoice.cost_center_id),
                "quantity": line.quantity,
                "unit_price": line.price,
                "amount": line.quantity * line.price,
            }
        )
    return rows


def spending_metrics(lines: Sequence[Row]) -> list[Row]:
    """Spending per date × item × vendor × branch × department × cost centre."""
    ids = ("item_id", "vendor_id", "branch_id", "department_id", "cost_center_id")
    rows = []
    for (day, *key), group in _grouped(lines, lambda line: (line["date"], *(line[i] for i in ids))).items():
        words = [day.isoformat(), *("null" if value is None else str(value) for value in key)]
        quantity, total = _sum(group, "quantity"), _sum(group, "amount")
        rows.append(
            {
                "dimension_hash": hashlib.sha256("|".join(words).encode()).hexdigest(),
                "date": day,
                **{name: group[0][name] for i in ids for name in (i, i.replace("_id", "_name"))},
                "total_amount": total,
                "quantity": quantity,
                "line_count": len(group),
                "invoice_count": len({line["invoice_id"] for line in group}),
                "avg_unit_price": total / quantity if quantity > 0 else None,
            }
        )
    return rows


def price_snapshots(purchases: Sequence[Row], as_of: date) -> list[Row]:
    """Prices of the last 30 days per item × vendor × branch against the network's."""
    recent = [line for line in purchases if line["date"] >= as_of - timedelta(29)]
    by_item = _grouped(recent, lambda line: line["item_id"])
    rows = []
    for (item_id, _, _), group in _grouped(recent, lambda r: (r["item_id"], r["vendor_id"], r["branch_id"])).items():
        network = [line["unit_price"] for line in by_item[item_id]]
        price, network_price = _mean([line["unit_price"] for line in group]), _mean(network)
        rows.append(
            {
                "snapshot_date": as_of,
                **_take(group[0], "item_id", "item_name", "vendor_id", "vendor_name", "branch_id", "branch_name"),
                "price": price,
                "line_count": len(group),
                "quantity": _sum(group, "quantity"),
                "network_avg_price": network_price,
                "network_min_price": min(network),
                "network_max_price": max(network),
                "variance_from_avg_pct": (price - network_price) / network_price * 100,
            }
        )
    return rows


def price_variance(snapshots: Sequence[Row], as_of: date) -> list[Row]:
    """The newest snapshot of the last 7 days per item × vendor × branch, with the item × vendor's widest variance."""
    newest: dict[tuple[Any, ...], Row] = {}
    for row in snapshots:
        if not as_of - timedelta(6) <= row["snapshot_date"] <= as_of:
            continue
        key = (row["item_id"], row["vendor_id"], row["branch_id"])
        if key not in newest or row["snapshot_date"] > newest[key]["snapshot_date"]:
            newest[key] = row
    widest: dict[tuple[Any, ...], Fraction] = {}
    for key, group in _grouped(newest.values(), lambda r: (r["item_id"], r["vendor_id"])).items():
        variances = [row["variance_from_avg_pct"] for row in group]
        widest[key] = max(variances, key=lambda value: (abs(value), value))
    return [row | {"max_variance_pct": widest[row["item_id"], row["vendor_id"]]} for row in newest.values()]


def price_reason(lines: Sequence[Row]) -> str | None:
    """Why an item's purchases have no unit prices."""
    if not lines:
        return None
    for group in _grouped(lines, lambda line: (line["vendor_id"], line["branch_id"])).values():
        prices = [line["unit_price"] for line in group]
        if max(prices) > 3 * min(prices):
            return "own_spread"
    prices = [line["unit_price"] for line in lines]
    if len(lines) >= 10 and {line["quantity"] for line in lines} == {1} and max(prices) > 3 * min(prices):
        return "quantity_always_one"
    return None


def item_price_benchmarks(variance: Sequence[Row], purchases: Sequence[Row], as_of: date) -> list[Row]:
    """Each item's prices over its newest snapshots."""
    rows = []
    recent = [line for line in purchases if as_of - timedelta(29) <= line["date"] <= as_of]
    of_item = _grouped(recent, lambda line: line["item_id"])
    for group in _grouped(variance, lambda row: row["item_id"]).values():
        prices = [row["price"] for row in group]
        rows.append(
            {
                **_take(group[0], "item_id", "item_name"),
                "avg_price": _mean(prices),
                "min_price": min(prices),
                "max_price": max(prices),
                "price_range": max(prices) - min(prices),
                "branch_count": len({row["branch_id"] for row in group}),
                "snapshot_count": len(group),
            }
        )
        rows[-1]["price_reason"] = price_reason(of_item.get(group[0]["item_id"], []))
        rows[-1]["is_price_comparable"] = rows[-1]["price_reason"] is None
    return rows


def purchase_patterns(purchases: Sequence[Row], as_of: date) -> list[Row]:
    """How each item gets ordered, over the network and per branch."""
    rows = []
    for (scope, item_id, branch_id), series in _series(purchases).items():
        orders = _orders([line for line in series if line["date"] >= as_of - timedelta(179)])
        if len(orders) < 3:
            continue
        quantities, amounts = [o.quantity for o in orders], [o.amount for o in orders]
        rows.append(
            {
                "scope": scope,
                "item_id": item_id,
                "item_name": series[0]["item_name"],
                "branch_id": branch_id,
                "branch_name": None if scope == "network" else series[0]["branch_name"],
                "order_count": len(orders),
                "avg_order_quantity": _mean(quantities),
                "avg_order_amount": _mean(amounts),
                "stddev_order_quantity": _root(_variance(quantities)),
                "stddev_order_amount": _root(_variance(amounts)),
                "last_order_date": orders[-1].date,
                "analysis_start_date": as_of - timedelta(179),
                "analysis_end_date": as_of,
                **_cycle(orders),
                **_trend(quantities),
                **_seasonality(series, as_of),
            }
        )
    return rows


def _cycle(orders: Sequence[Order]) -> Row:
    dates = sorted({order.date for order in orders})
    if len(dates) < 3:
        return {"avg_order_cycle_days": None, "next_predicted_order_date": None, "confidence_score": Fraction(0)}
    gaps = [Fraction((later - earlier).days) for earlier, later in pairwise(dates)]
    cycle = _mean(gaps)
    return {
        "avg_order_cycle_days": cycle,
        "next_predicted_order_date": dates[-1] + timedelta(_rounded(cycle)),
        "confidence_score": min(Fraction(1), max(Fraction(0), 1 - _root(_variance(gaps)) / cycle)),
    }


def _trend(quantities: Sequence[Fraction]) -> Row:
    older = quantities[: max(0, min(5, len(quantities) - 5))]
    if not older:
        return {"is_increasing": False, "is_decreasing": False}
    then, now = _mean(older), _mean(quantities[-5:])
    return {"is_increasing": now > then * Fraction(11, 10), "is_decreasing": now < then * Fraction(9, 10)}


def _seasonality(series: Sequence[Row], as_of: date) -> Row:
    months = _full_months(min(line["date"] for line in series), as_of)
    if len(months) < 24:
        return {"is_seasonal": False, "seasonality_strength": None, "seasonality_pattern": None}
    bought = {month: Fraction(0) for month in months}
    for line in series:
        month = (line["date"].year, line["date"].month)
        if month in bought:
            bought[month] += line["quantity"]
    overall = _mean(list(bought.values()))
    by_month = {m: [bought[month] for month in months if month[1] == m] for m in range(1, 13)}
    total = sum(((value - overall) ** 2 for value in bought.values()), Fraction(0))
    within = sum(((v - _mean(values)) ** 2 for values in by_month.values() for v in values), Fraction(0))
    n = len(months)
    strength = Fraction(0) if total == 0 else max(Fraction(0), 1 - (within / (n - 12)) / (total / (n - 1)))
    return {
        "is_seasonal": strength >= Fraction(1, 2),
        "seasonality_strength": strength,
        "seasonality_pattern": {str(m): _mean(v) / overall if overall else None for m, v in by_month.items()},
    }


def _full_months(first: date, as_of: date) -> list[tuple[int, int]]:
    """The (year, month) from the first date's month to the last full month, the newest 36 at most."""
    months = []
    year, month = first.year, first.month
    while True:
        following = date(year + month // 12, month % 12 + 1, 1)
        if following - timedelta(1) > as_of:
            return months[-36:]
        months.append((year, month))
        year, month = following.year, following.month


def vendor_order_patterns(purchases: Sequence[Row], as_of: date) -> list[Row]:
    """How each branch orders from each vendor, all items together."""
    recent = [line for line in purchases if line["date"] >= as_of - timedelta(179)]
    rows = []
    for group in _grouped(recent, lambda line: (line["branch_id"], line["vendor_id"])).values():
        orders = _orders(group)
        rows.append(
            {
                **_take(group[0], "branch_id", "branch_name", "vendor_id", "vendor_name"),
                "order_count": len(orders),
                "avg_order_cycle_days": _cycle(orders)["avg_order_cycle_days"],
                "avg_order_amount": _mean([order.amount for order in orders]),
                "last_order_date": orders[-1].date,
            }
        )
    return rows


def order_anomalies(purchases: Sequence[Row], as_of: date) -> list[Row]:
    """The orders of the last 30 days that stand out from the other orders of their pattern."""
    rows = []
    for (scope, item_id, branch_id), series in _series(purchases).items():
        orders = _orders([line for line in series if line["date"] >= as_of - timedelta(179)])
        if len(orders) < 3:
            continue
        for order in orders:
            if order.date < as_of - timedelta(29):
                continue
            others = [other for other in orders if other is not order]
            quantity = _deviations(order.quantity, [o.quantity for o in orders], [o.quantity for o in others])
            amount = _deviations(order.amount, [o.amount for o in orders], [o.amount for o in others])
            by_quantity = quantity["sigma"] or quantity["material"]
            if not (by_quantity or amount["sigma"] or amount["material"]):
                continue
            chosen, value = (quantity, order.quantity) if by_quantity else (amount, order.amount)
            rows.append(
                {
                    "scope": scope,
                    "item_id": item_id,
                    "item_name": series[0]["item_name"],
                    "branch_id": branch_id,
                    "branch_name": None if scope == "network" else series[0]["branch_name"],
                    "invoice_id": order.invoice_id,
                    "order_date": order.date,
                    "quantity": order.quantity,
                    "amount": order.amount,
                    "expected_quantity": quantity["expected"],
                    "expected_amount": amount["expected"],
                    "quantity_deviation": quantity["deviation"],
                    "amount_deviation": amount["deviation"],
                    "quantity_material_deviation": quantity["material_deviation"],
                    "amount_material_deviation": amount["material_deviation"],
                    "is_sigma_outlier": quantity["sigma"] or amount["sigma"],
                    "is_material_outlier": quantity["material"] or amount["material"],
                    "anomaly_type": "QUANTITY_ANOMALY" if by_quantity else "AMOUNT_ANOMALY",
                    "direction": "above" if value > chosen["expected"] else "below",
                }
            )
    return rows


def _deviations(value: Fraction, pattern: Sequence[Fraction], others: Sequence[Fraction]) -> Row:
    mean, variance = _mean(pattern), _variance(pattern)
    expected = _mean(others)
    # A deviation is a quotient by a root: the tests compare its square, which is exact.
    spread_squared = max(_variance(others), (expected / 10) ** 2)
    tested = len(others) >= 5
    return {
        "sigma": (value - mean) ** 2 > 4 * variance,
        "deviation": abs(value - mean) / _root(variance) if variance else None,
        "expected": expected,
        "material": tested and (value - expected) ** 2 > 9 * spread_squared,
        "material_deviation": abs(value - expected) / _root(spread_squared) if tested else None,
    }


def consolidation_opportunities(purchases: Sequence[Row], as_of: date) -> list[Row]:
    """Items bought by several branches from several vendors in the last 30 days."""
    recent = [
        line
        for line in purchases
        if line["date"] >= as_of - timedelta(29) and line["branch_id"] is not None and line["vendor_id"] is not None
    ]
    rows = []
    for item_lines in _grouped(recent, lambda line: line["item_id"]).values():
        branches = {line["branch_id"] for line in item_lines}
        by_vendor = _grouped(item_lines, lambda line: line["vendor_id"])
        if len(branches) < 2 or len(by_vendor) < 2:
            continue
        quantity = {vendor: _sum(group, "quantity") for vendor, group in by_vendor.items()}
        price = {vendor: _sum(group, "amount") / quantity[vendor] for vendor, group in by_vendor.items()}
        candidates = [vendor for vendor, group in by_vendor.items() if len(group) >= 3]
        best = min(candidates, key=lambda v: (price[v], -quantity[v], v)) if candidates else None
        breakdown = []
        cells = _grouped(item_lines, lambda line: (line["branch_id"], line["vendor_id"]))
        for _, cell in sorted(cells.items()):
            breakdown.append(
                {
                    **_take(cell[0], "branch_id", "branch_name", "vendor_id", "vendor_name"),
                    "quantity": _sum(cell, "quantity"),
                    "total_amount": _sum(cell, "amount"),
                    "mean_price": _sum(cell, "amount") / _sum(cell, "quantity"),
                }
            )
        rows.append(
            {
                **_take(item_lines[0], "item_id", "item_name"),
                "branch_count": len(branches),
                "vendor_count": len(by_vendor),
                "total_amount": _sum(item_lines, "amount"),
                "best_vendor_id": best,
                "best_vendor_name": None if best is None else by_vendor[best][0]["vendor_name"],
                "potential_savings": Fraction(0)
                if best is None
                else sum((max(Fraction(0), price[v] - price[best]) * quantity[v] for v in by_vendor), Fraction(0)),
                "breakdown": breakdown,
            }
        )
    return rows


def branch_spending(lines: Sequence[Row]) -> list[Row]:
    """Spending per month × branch and its share of the month."""
    by_month = _grouped(lines, lambda line: line["date"].replace(day=1))
    rows = []
    for (month, _), group in _grouped(lines, lambda r: (r["date"].replace(day=1), r["branch_id"])).items():
        total, month_total = _sum(group, "amount"), _sum(by_month[month], "amount")
        rows.append(
            {
                "month": month,
                **_take(group[0], "branch_id", "branch_name"),
                "total_amount": total,
                "invoice_count": len({line["invoice_id"] for line in group}),
                "line_count": len(group),
                "spend_share": total / month_total if month_total > 0 else None,
            }
        )
    return rows


def _purchases(lines: Iterable[Row]) -> list[Row]:
    """The lines that are no credit note and no free good."""
    return [line for line in lines if line["quantity"] > 0 and line["unit_price"] > 0]


def _series(purchases: Iterable[Row]) -> dict[tuple[str, int, int | None], list[Row]]:
    """The purchases of each item over the network and per branch."""
    series = defaultdict(list)
    for line in purchases:
        series["network", line["item_id"], None].append(line)
        series["branch", line["item_id"], line["branch_id"]].append(line)
    return series


def _orders(lines: Iterable[Row]) -> list[Order]:
    """The lines' invoices by date, then invoice id."""
    orders = [
        Order(group[0]["date"], invoice_id, _sum(group, "quantity"), _sum(group, "amount"))
        for invoice_id, group in _grouped(lines, lambda line: line["invoice_id"]).items()
    ]
    return sorted(orders, key=lambda order: (order.date, order.invoice_id))


def _name(names: dict[int, str], key: int | None) -> str:
    return "Unassigned" if key is None else names[key]


def _take(row: Row, *columns: str) -> Row:
    return {column: row[column] for column in columns}


def _grouped(rows: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _sum(rows: Iterable[Row], column: str) -> Fraction:
    return sum((row[column] for row in rows), Fraction(0))


def _mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def _variance(values: Sequence[Fraction]) -> Fraction:
    mean = _mean(values)
    return _mean([(value - mean) ** 2 for value in values])


def _root(value: Fraction) -> Fraction:
    """The square root: exact where it is rational, else to 50 decimals and more."""
    return Fraction(isqrt(value.numerator * value.denominator * 10**100), value.denominator * 10**50)


def _rounded(value: Fraction) -> int:
    """Half away from zero, for values from zero on."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)
