"""Every alignment mart from its definition: plain loops over exact fractions, no SQL and no shortcut.

`marts(sources, as_of, zone)` gives for each mart the rows it must hold, as dicts of column -> value. Numbers are
`Fraction`s; what does not end is rounded to the 12 decimals that marts publish. The
columns of the run (`as_of`, `computed_at`, `run_id`) are left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]

# The columns that identify a row of each mart.
KEYS: dict[str, tuple[str, ...]] = {
    "dealer_influence": ("vendor_id", "dealer_id"),
    "sku_trends": ("product_id",),
    "collection_trends": ("collection_id",),
    "dealer_alignment": ("vendor_id", "dealer_id"),
    "dealer_collection_positions": ("vendor_id", "dealer_id", "collection_id"),
    "dealers": ("dealer_id",),
    "products": ("product_id",),
    "collections": ("collection_id",),
}

SELECTION_WEIGHTS = {"PASSED": 1, "INTERESTED": 2, "SELECTED": 3, "MUST_CARRY": 4}
CARRYING = {"SELECTED", "MUST_CARRY"}
MARKET_TOP = Fraction("0.6")
ADD_THRESHOLD = Fraction("0.7")


@dataclass(frozen=True)
class Dealer:
    """A row of `Dealer`."""

    name: str
    region: str | None = None
    type: str = "SHOWROOM"


@dataclass(frozen=True)
class Collection:
    """A row of `Collection`."""

    name: str
    vendor_id: str
    priority: int = 0


@dataclass(frozen=True)
class Product:
    """A row of `Product`."""

    sku: str
    name: str
    collection_id: str
    description: str = ""
    product_type: str | None = None
    size: str | None = None
    finish: str | None = None


@dataclass(frozen=True)
class Selection:
    """A row of `Selection`; `at` is its UTC timestamp without zone."""

    dealer_id: str
    product_id: str
    status: str
    at: datetime


@dataclass(frozen=True)
class Display:
    """A row of `DisplayRecord`."""

    dealer_id: str
    product_id: str
    at: datetime
    market: str


@dataclass(frozen=True)
class Sale:
    """A row of `DealerSale`."""

    dealer_id: str
    product_id: str
    at: datetime
    amount: Fraction


@dataclass
class Sources:
    """The application's tables."""

    dealers: dict[str, Dealer] = field(default_factory=dict)
    collections: dict[str, Collection] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    selections: list[Selection] = field(default_factory=list)
    displays: list[Display] = field(default_factory=list)
    sales: list[Sale] = field(default_factory=list)

    def collection_of(self, product_id: str) -> str:
        """The collection a product is in."""
        return self.products[product_id].collection_id

    def vendor_of(self, product_id: str) -> str:
        """The vendor a product belongs to."""
        return self.collections[self.products[product_id].collection_id].vendor_id


def marts(
    sources: Sources,
    as_of: date,
    zone: str = "UTC",
    trend_window_days: int | None = None,
    carry_window_days: int | None = None,
) -> dict[str, list[Row]]:
    """All alignment marts as of a date, in the business time zone `zone`."""
    past = _up_to(sources, as_of, zone)
    influence = dealer_influence(past, as_of, zone)

    trend_part = _within(past, as_of, zone, trend_window_days)
    carry_part = _within(past, as_of, zone, carry_window_days)
    weights = dealer_weights(influence)
    carried = carried_collections(carry_part, zone)
    skus = sku_trends(trend_part, weights)
    trends = collection_trends(trend_part, weights, carried)

    return {
        "dealer_influence": influence,
        "sku_trends": skus,
        "collection_trends": trends,
        "dealer_alignment": dealer_alignment(influence, trends, carried),
        "dealer_collection_positions": dealer_collection_positions(past, influence, trends, carried, zone),
        "dealers": _dealers(sources),
        "products": _products(sources),
        "collections": _collections(sources),
    }


def dealer_influence(past: Sources, as_of: date, zone: str) -> list[Row]:
    """How much each active dealer's opinion counts for each vendor."""
    recent_sales = [sale for sale in past.sales if _day(sale.at, zone) >= as_of - timedelta(364)]
    rows = []
    for vendor in _vendors(past):
        displays = [display for display in past.displays if past.vendor_of(display.product_id) == vendor]
        selections = [selection for selection in past.selections if past.vendor_of(selection.product_id) == vendor]
        sales = [sale for sale in recent_sales if past.vendor_of(sale.product_id) == vendor]
        scored = []
        for dealer_id in sorted({activity.dealer_id for activity in [*displays, *selections]}):
            own = [display for display in displays if display.dealer_id == dealer_id]
            shown = {past.products[display.product_id].collection_id for display in own}
            visits = {
                display.market
                for display in past.displays
                if display.dealer_id == dealer_id and _day(display.at, zone) >= two_years_before(as_of)
            }
            estimated = Fraction(5000 * len(own))
            sold = sum((sale.amount for sale in sales if sale.dealer_id == dealer_id), Fraction(0))
            annual_sales = sold if sales else estimated
            volume = _held(annual_sales / 500000 * 100)
            breadth = _held(Fraction(len(shown), 20) * 100)
            participation = _held(Fraction(len(visits), 4) * 100)
            scored.append(
                {
                    "vendor_id": vendor,
                    "dealer_id": dealer_id,
                    "dealer_name": past.dealers[dealer_id].name,
                    "region": past.dealers[dealer_id].region,
                    "dealer_type": past.dealers[dealer_id].type,
                    "annual_sales": annual_sales,
                    "sales_basis": "actual" if sales else "displays",
                    "display_count": len(own),
                    "collection_count": len(shown),
                    "market_visit_count": len(visits),
                    "sales_volume_score": rounded(volume),
                    "display_breadth_score": rounded(breadth),
                    "market_participation_score": rounded(participation),
                    "score": rounded(volume / 2 + breadth * 3 / 10 + participation / 5),
                }
            )
        scores = [row["score"] for row in scored]
        for row in scored:
            row["influence_rank"] = 1 + sum(score > row["score"] for score in scores)
            row["is_trendsetter"] = row["influence_rank"] <= ceil(Fraction(len(scores), 10)) and row[
                "score"
            ] > _lower_median(scores)
        rows += scored
    return rows


def dealer_weights(influence: Iterable[Row]) -> dict[tuple[str, str], int]:
    """What one selection of each dealer counts for each vendor."""
    rows = list(influence)
    weights = {}
    for row in rows:
        known = [other["score"] for other in rows if other["vendor_id"] == row["vendor_id"] and other["score"] > 0]
        neutral = _lower_median(known) if known else 50
        weights[row["vendor_id"], row["dealer_id"]] = row["score"] or neutral
    return weights


def sku_trends(recent: Sources, weights: dict[tuple[str, str], int]) -> list[Row]:
    """What the weighted selections say about each product."""
    rows = []
    for product_id, product in recent.products.items():
        selections = [selection for selection in recent.selections if selection.product_id == product_id]
        rows.append(
            {
                "vendor_id": recent.vendor_of(product_id),
                "product_id": product_id,
                "sku": product.sku,
                "product_name": product.name,
                "collection_id": product.collection_id,
                "collection_name": recent.collections[product.collection_id].name,
                "must_carry_count": sum(selection.status == "MUST_CARRY" for selection in selections),
                "pass_count": sum(selection.status == "PASSED" for selection in selections),
                **_trend(recent, selections, weights),
            }
        )
    return _compared(rows)


def collection_trends(
    recent: Sources, weights: dict[tuple[str, str], int], carried: dict[tuple[str, str], date]
) -> list[Row]:
    """What the weighted selections say about each collection."""
    rows = []
    for collection_id, collection in recent.collections.items():
        products = {key for key, product in recent.products.items() if product.collection_id == collection_id}
        selections = [selection for selection in recent.selections if selection.product_id in products]
        displaying = {display.dealer_id for display in recent.displays if display.product_id in products}
        selecting = {selection.dealer_id for selection in selections if selection.status in CARRYING}
        rows.append(
            {
                "vendor_id": collection.vendor_id,
                "collection_id": collection_id,
                "collection_name": collection.name,
                "selecting_dealer_count": len(selecting),
                "display_count": len(displaying),
                "carrying_dealer_count": sum(key[1] == collection_id for key in carried),
                "active_dealer_count": sum(vendor == collection.vendor_id for vendor, _ in weights),
                "sku_count": len(products),
                **_trend(recent, selections, weights),
            }
        )
    for row in _compared(rows):
        row["is_market_top"] = row["raw_trend"] / row["trend_base"] >= MARKET_TOP
    return rows


def carried_collections(carrying: Sources, zone: str) -> dict[tuple[str, str], date]:
    """(dealer, collection) -> the day since which the dealer carries the collection."""
    since: dict[tuple[str, str], date] = {}
    takes: list[Selection | Display] = [s for s in carrying.selections if s.status in CARRYING]
    for take in [*takes, *carrying.displays]:
        key = take.dealer_id, carrying.products[take.product_id].collection_id
        since[key] = min(since.get(key, date.max), _day(take.at, zone))
    return since


def dealer_alignment(influence: list[Row], trends: list[Row], carried: dict[tuple[str, str], date]) -> list[Row]:
    """How well each dealer's assortment fits its vendor's market."""
    rows = []
    for dealer in influence:
        market = [row for row in trends if row["vendor_id"] == dealer["vendor_id"]]
        own = [row for row in market if (dealer["dealer_id"], row["collection_id"]) in carried]
        top = [row for row in market if row["is_market_top"]]
        overlap = [row for row in own if row["is_market_top"]]
        score, confidence = 50, "low"
        if top:
            shares = [row["raw_trend"] / row["trend_base"] for row in overlap]
            all_shares = [row["raw_trend"] / row["trend_base"] for row in top]
            score = rounded(min(Fraction(100), sum(shares, Fraction(0)) / sum(all_shares, Fraction(0)) * 100))
            confidence = "high" if len(own) >= 5 else "medium" if len(own) >= 2 else "low"
        rows.append(
            {
                "vendor_id": dealer["vendor_id"],
                "dealer_id": dealer["dealer_id"],
                "dealer_name": dealer["dealer_name"],
                "alignment_score": score,
                "confidence": confidence,
                "collection_count": len(own),
                "market_top_count": len(top),
                "overlap_count": len(overlap),
            }
        )
    return rows


def dealer_collection_positions(
    past: Sources, influence: list[Row], trends: list[Row], carried: dict[tuple[str, str], date], zone: str
) -> list[Row]:
    """What each dealer carries, and what it might add."""
    rows = []
    order = list(SELECTION_WEIGHTS)
    for dealer in influence:
        for trend in trends:
            since = carried.get((dealer["dealer_id"], trend["collection_id"]))
            addable = trend["raw_trend"] / trend["trend_base"] >= ADD_THRESHOLD
            if trend["vendor_id"] == dealer["vendor_id"] and (since or addable):
                own = dealer["dealer_id"], trend["collection_id"]
                shown = [row for row in past.displays if (row.dealer_id, past.collection_of(row.product_id)) == own]
                chosen = [row for row in past.selections if (row.dealer_id, past.collection_of(row.product_id)) == own]
                taken = [row for row in chosen if row.status in CARRYING]
                rows.append(
                    {
                        **trend,
                        "dealer_id": dealer["dealer_id"],
                        "dealer_name": dealer["dealer_name"],
                        "is_carried": since is not None,
                        "carried_since": since,
                        "last_displayed_on": max((_day(row.at, zone) for row in shown), default=None),
                        "last_selected_on": max((_day(row.at, zone) for row in taken), default=None),
                        "highest_status": max((row.status for row in chosen), key=order.index, default=None),
                        "has_must_carry": any(row.status == "MUST_CARRY" for row in chosen),
                    }
                )
    return rows


def two_years_before(day: date) -> date:
    """The same day two years earlier; 28 February for 29 February."""
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 2, day=28 if is_leap_day else day.day)


def rounded(value: Fraction, decimals: int = 0) -> Any:
    """A number rounded half away from zero; an int when there are no decimals to keep."""
    whole = floor(abs(value) * 10**decimals + Fraction(1, 2)) * (1 if value >= 0 else -1)
    return Fraction(whole, 10**decimals) if decimals else whole


def _trend(recent: Sources, selections: list[Selection], weights: dict[tuple[str, str], int]) -> Row:
    voices = [(weights[recent.vendor_of(s.product_id), s.dealer_id], SELECTION_WEIGHTS[s.status]) for s in selections]
    mean = Fraction(sum(dealer for dealer, _ in voices), len(voices)) if voices else Fraction(0)
    return {
        "raw_trend": sum((Fraction(dealer, 100) * selection for dealer, selection in voices), Fraction(0)),
        "selection_count": len(voices),
        "avg_dealer_influence": rounded(mean, 12),
    }


def _compared(rows: list[Row]) -> list[Row]:
    for row in rows:
        rivals = [other["raw_trend"] for other in rows if other["vendor_id"] == row["vendor_id"]]
        row["trend_base"] = max(Fraction(1), *rivals)
        row["normalized_trend"] = rounded(row["raw_trend"] / row["trend_base"], 12)
        row["trend_rank"] = 1 + sum(rival > row["raw_trend"] for rival in rivals)
    return rows


def _held(points: Fraction) -> Fraction:
    return max(Fraction(0), min(Fraction(100), points))


def _lower_median(values: Iterable[int]) -> int:
    """The first value whose share of all values up to it reaches one half."""
    ordered = sorted(values)
    return ordered[ceil(Fraction(len(ordered), 2)) - 1]


def _day(at: datetime, zone: str) -> date:
    return at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def _vendors(sources: Sources) -> list[str]:
    return sorted({collection.vendor_id for collection in sources.collections.values()})


def _up_to(sources: Sources, as_of: date, zone: str) -> Sources:
    """The sources without what is dated after the as-of date."""
    return _within(sources, as_of, zone, None)


def _within(sources: Sources, as_of: date, zone: str, days: int | None) -> Sources:
    """The sources with the last `days` dates only; with all up to the as-of date when there is no such limit."""
    first = date.min if days is None else as_of - timedelta(days - 1)
    return Sources(
        dealers=sources.dealers,
        collections=sources.collections,
        products=sources.products,
        selections=[row for row in sources.selections if first <= _day(row.at, zone) <= as_of],
        displays=[row for row in sources.displays if first <= _day(row.at, zone) <= as_of],
        sales=[row for row in sources.sales if first <= _day(row.at, zone) <= as_of],
    )


def _dealers(sources: Sources) -> list[Row]:
    return [
        {"dealer_id": key, "dealer_name": row.name, "region": row.region, "dealer_type": row.type}
        for key, row in sources.dealers.items()
    ]


def _collections(sources: Sources) -> list[Row]:
    return [
        {"collection_id": key, "collection_name": row.name, "vendor_id": row.vendor_id, "priority": row.priority}
        for key, row in sources.collections.items()
    ]


def _products(sources: Sources) -> list[Row]:
    return [
        {
            "product_id": key,
            "product_name": row.name,
            "sku": row.sku,
            "description": row.description,
            "collection_id": row.collection_id,
            "collection_name": sources.collections[row.collection_id].name,
            "vendor_id": sources.vendor_of(key),
            "product_type": row.product_type,
            "size": row.size,
            "finish": row.finish,
        }
        for key, row in sources.products.items()
    ]
