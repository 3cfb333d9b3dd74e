"""How well dealers are aligned with a vendor's market: `/alignment`, and a dealer's report."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg

from runner.alignment.read import ACTIVE_VENDORS, choose_vendor, dealer_report, find_dealer
from runner.alignment.similar import ProductOrDealer, similar
from runner.errors import NotFoundError
from runner.lookup import closest, either
from runner.serve.charts import Chart, Dot, Series, line_chart, scatter_chart
from runner.serve.pages.page import Ask, Page, Wanted
from runner.serve.pages.reads import Row, page_of, row, rows
from runner.settings import Settings

DEALERS = 50
SIMILAR = 5
PARTS: Sequence[tuple[str, str]] = (
    ("Sales volume", "salesVolumeScore"),
    ("Display breadth", "displayBreadthScore"),
    ("Market participation", "marketParticipation"),
)
ACTIONS: Sequence[tuple[str, str, str]] = (
    ("keep", "Keep", "What the dealer carries and the market likes"),
    ("add", "Add", "What others carry and this dealer does not"),
    ("drop", "Drop", "What the dealer carries and the market does not"),
    ("shift", "Shift", "The same piece in the size or finish that sells"),
)


def read(connection: psycopg.Connection, settings: Settings, ask: Ask) -> Mapping[str, Any]:
    """What `/alignment` shows: one vendor's market and its dealers."""
    vendors = rows(connection, settings, _VENDORS)
    names = [one["vendor_id"] for one in vendors]
    if not vendors:
        return {"vendors": (), "vendor": ""}
    vendor = ask.one("vendor") or names[0]
    if vendor not in names:
        raise NotFoundError(f"There is no vendor {vendor!r}.", f"Did you mean {either(closest(vendor, names))}?")
    wanted, number = ask.one("q"), page_of(ask.one("page"))
    first = (number - 1) * DEALERS
    found = rows(
        connection,
        settings,
        _DEALERS,
        vendor_id=vendor,
        wanted=wanted.casefold(),
        first=first,
        limit=DEALERS,
    )
    return {
        "vendors": vendors,
        "vendor": vendor,
        "about": vendors[names.index(vendor)],
        "collections": rows(connection, settings, _COLLECTIONS, vendor_id=vendor),
        "trendsetters": rows(connection, settings, _TRENDSETTERS, vendor_id=vendor),
        "scatter": _scatter(rows(connection, settings, _SCORES, vendor_id=vendor)),
        "dealers": found,
        "count": found[0]["in_all"] if found else 0,
        "wanted": wanted,
        "number": number,
        "first": first,
    }


def listed(connection: psycopg.Connection, settings: Settings, wanted: Wanted) -> Iterable[Ask]:
    """Each vendor's market; the first is also the page that names none."""
    yield Ask()
    for one in rows(connection, settings, _VENDORS):
        if wanted.vendor in {"", one["vendor_id"]}:
            yield Ask(query={"vendor": [one["vendor_id"]]})


def read_dealer(connection: psycopg.Connection, settings: Settings, ask: Ask) -> Mapping[str, Any]:
    """What `/alignment/{dealer}` shows: the dealer's report for a vendor, the first one if none is named."""
    dealer = find_dealer(connection, settings, ask.key)
    active = [one["vendor_id"] for one in rows(connection, settings, ACTIVE_VENDORS, dealer_id=dealer.dealer_id)]
    vendor = choose_vendor(connection, settings, dealer, ask.one("vendor") or (active[0] if active else None))
    shown = dealer_report(connection, settings, dealer.dealer_id, vendor, datetime.now(UTC), store=False)
    subject = ProductOrDealer("dealer", dealer.dealer_id, None, dealer.name, dealer.region)
    alike = similar(connection, settings, subject, vendor, SIMILAR)
    whose = {"dealer_id": dealer.dealer_id, "vendor_id": vendor}
    return {
        "dealer": dealer,
        "vendor": vendor,
        "active": active,
        "report": shown,
        "data": shown.data,
        "parts": PARTS,
        "actions": ACTIONS,
        "standing": row(connection, settings, _STANDING, **whose),
        "similar": alike.listed,
        "missing": alike.collections,
        "history": _history(rows(connection, settings, _HISTORY, **whose)),
    }


def listed_dealers(connection: psycopg.Connection, settings: Settings, wanted: Wanted) -> Iterable[Ask]:
    """The report of each dealer for each vendor that it is active for."""
    dealers, vendor = list(wanted.dealers), wanted.vendor
    for one in rows(connection, settings, _REPORTS, dealers=dealers or None, vendor_id=vendor or None):
        yield Ask(one["dealer_id"], {"vendor": [one["vendor_id"]]})


def _scatter(scores: Sequence[Row]) -> Chart | None:
    return scatter_chart(
        "Dealers by influence and alignment",
        "Influence",
        "Alignment",
        [Dot(one["dealer_name"], one["score"], one["alignment_score"], one["is_trendsetter"]) for one in scores],
        marked="Trendsetters",
        others="Other dealers",
    )


def _history(found: Sequence[Row]) -> Chart | None:
    """How the two scores developed; None where there is one date only."""
    if len(found) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    names = (("Alignment", "alignment_score"), ("Influence", "score"))
    lines = [Series(name, [(one["as_of"], one[column]) for one in found]) for name, column in names]
    return line_chart("Alignment and influence", "scores of 0 to 100, by run", lines, str)


_VENDORS = """
    select
        alignment.vendor_id,
        count(*) as dealer_count,
        percentile_disc(0.5) within group (order by alignment.alignment_score) as median_alignment,
        count(*) filter (where influence.is_trendsetter) as trendsetter_count
    from {alignment}.dealer_alignment as alignment
    inner join {alignment}.dealer_influence as influence using (vendor_id, dealer_id)
    group by alignment.vendor_id
    order by dealer_count desc, alignment.vendor_id collate "C"
"""

_COLLECTIONS = """
    select trends.collection_id, trends.collection_name, trends.normalized_trend, trends.trend_rank,
        trends.is_market_top, trends.selection_count, trends.carrying_dealer_count, trends.active_dealer_count,
        round(100 * trends.normalized_trend) as trend_points, round(100 * movements.change_30_days) as change_30_days,
        round(100 * movements.change_90_days) as change_90_days, movements.movement
    from {alignment}.collection_trends as trends
    left join {alignment}.trend_movements as movements using (vendor_id, collection_id)
    where trends.vendor_id = %(vendor_id)s
    order by trends.trend_rank, trends.collection_name collate "C", trends.collection_id collate "C"
"""

_SCORES = """
    select influence.dealer_name, influence.score, influence.is_trendsetter, alignment.alignment_score
    from {alignment}.dealer_influence as influence
    inner join {alignment}.dealer_alignment as alignment using (vendor_id, dealer_id)
    where influence.vendor_id = %(vendor_id)s
    order by influence.influence_rank, influence.dealer_id collate "C"
"""

_TRENDSETTERS = """
    select influence.dealer_id, influence.dealer_name, influence.region, influence.score, influence.influence_rank,
        movements.change_90_days, alignment.alignment_score
    from {alignment}.dealer_influence as influence
    inner join {alignment}.dealer_alignment as alignment using (vendor_id, dealer_id)
    left join {alignment}.influence_movements as movements using (vendor_id, dealer_id)
    where influence.vendor_id = %(vendor_id)s and influence.is_trendsetter
    order by influence.influence_rank, influence.dealer_name collate "C", influence.dealer_id collate "C"
    limit 10
"""

_DEALERS = """
    select influence.dealer_id, influence.dealer_name, influence.region, influence.score, influence.is_trendsetter,
        alignment.alignment_score, alignment.confidence, alignment.collection_count, alignment.overlap_count,
        alignment.market_top_count, count(*) over () as in_all
    from {alignment}.dealer_influence as influence
    inner join {alignment}.dealer_alignment as alignment using (vendor_id, dealer_id)
    where
        influence.vendor_id = %(vendor_id)s
        and (%(wanted)s = '' or strpos(lower(influence.dealer_name), %(wanted)s) > 0)
    order by influence.influence_rank, influence.dealer_name collate "C", influence.dealer_id collate "C"
    offset %(first)s
    limit %(limit)s
"""

_STANDING = """
    select influence.influence_rank, influence.annual_sales, influence.sales_basis, influence.display_count,
        alignment.collection_count, alignment.overlap_count, alignment.market_top_count,
        collection_trends.active_dealer_count
    from {alignment}.dealer_influence as influence
    inner join {alignment}.dealer_alignment as alignment using (vendor_id, dealer_id)
    cross join lateral (
        select max(active_dealer_count) as active_dealer_count
        from {alignment}.collection_trends
        where vendor_id = influence.vendor_id
    ) as collection_trends
    where influence.vendor_id = %(vendor_id)s and influence.dealer_id = %(dealer_id)s
"""

_HISTORY = """
    select as_of, score, alignment_score
    from {alignment}.dealer_influence_history
    where vendor_id = %(vendor_id)s and dealer_id = %(dealer_id)s
    order by as_of
"""

_REPORTS = """
    select vendor_id, dealer_id
    from {alignment}.dealer_influence
    where
        (%(dealers)s::text[] is null or dealer_id = any(%(dealers)s::text[]))
        and (%(vendor_id)s::text is null or vendor_id = %(vendor_id)s)
    order by dealer_id collate "C", vendor_id collate "C"
"""

PAGES = (
    Page("/alignment", "alignment.html", read, listed),
    Page("/alignment/{key}", "dealer.html", read_dealer, listed_dealers),
)
