"""What the demo came to: read from the marts and the published tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

import psycopg

from runner.alignment.read import Dealer, Report, dealer_report, find_dealer
from runner.database.query import query
from runner.demo import furnishings
from runner.procurement.read import Filter, Listing, list_decisions
from runner.settings import Settings

# The brand whose dealers are shown: the one that reports its sales.
BRAND = furnishings.BRANDS[0].slug
DEALERS_SHOWN = 5
COLLECTIONS_SHOWN = 2  # of each vendor
ACTIONS_SHOWN = 5  # in the report, or nearly so
RECOMMENDATIONS_SHOWN = 8
MOVEMENTS_SHOWN = 3  # of each kind, up and down


class Influence(NamedTuple):
    """One of the most influential dealers."""

    rank: int
    dealer_id: str
    name: str
    region: str | None
    score: int
    annual_sales: Decimal
    is_trendsetter: bool


class Collection(NamedTuple):
    """One of a vendor's strongest collections."""

    vendor_id: str
    rank: int
    name: str
    trend: Decimal
    selecting_dealers: int
    displaying_dealers: int


class Movement(NamedTuple):
    """Something that rose or fell within 30 days."""

    kind: str  # collections, influence or prices
    movement: str  # RISING or FALLING
    name: str


@dataclass(frozen=True)
class Summary:
    """What there is to look at.

    Attributes:
        brand: The vendor whose dealers they are.
        dealers: Its most influential, strongest first.
        collections: The strongest of each vendor.
        movements: What moved most in 30 days.
        dealer: One dealer who should keep, drop and add something.
        report: What exactly.
        purchasing: What the buyer should do first, and what all of it saves together.
    """

    brand: str
    dealers: Sequence[Influence]
    collections: Sequence[Collection]
    movements: Sequence[Movement]
    dealer: Dealer
    report: Report
    purchasing: Listing


def read_summary(connection: psycopg.Connection, settings: Settings) -> Summary:
    """Read what the demo came to.

    Args:
        connection: In autocommit mode.
        settings: Names the schemas.
    """
    shown = {
        "brand": BRAND,
        "dealers": DEALERS_SHOWN,
        "collections": COLLECTIONS_SHOWN,
        "actions": ACTIONS_SHOWN,
        "movements": MOVEMENTS_SHOWN,
    }
    dealers = [Influence(*row) for row in connection.execute(query(settings, _DEALERS), shown)]
    collections = [Collection(*row) for row in connection.execute(query(settings, _COLLECTIONS), shown)]
    movements = [Movement(*row) for row in connection.execute(query(settings, _MOVEMENTS), shown)]
    ((dealer_id, vendor_id),) = connection.execute(query(settings, _EXAMPLE), shown).fetchall()
    dealer = find_dealer(connection, settings, dealer_id)
    report = dealer_report(connection, settings, dealer_id, vendor_id, datetime.now(UTC))
    purchasing = list_decisions(connection, settings, Filter(), RECOMMENDATIONS_SHOWN)
    return Summary(BRAND, dealers, collections, movements, dealer, report, purchasing)


_DEALERS = """
    select
        influence_rank, dealer_id, dealer_name, region, score, annual_sales, is_trendsetter
    from {alignment}.dealer_influence
    where vendor_id = %(brand)s
    order by influence_rank, dealer_name collate "C", dealer_id collate "C"
    limit %(dealers)s
"""

_COLLECTIONS = """
    select vendor_id, trend_rank, collection_name, normalized_trend, selecting_dealer_count, display_count
    from {alignment}.collection_trends
    where trend_rank <= %(collections)s and raw_trend > 0
    order by vendor_id collate "C", trend_rank, collection_name collate "C", collection_id collate "C"
"""

_MOVEMENTS = """
    with moved as (
        select 'collections' as kind, movement, collection_name as name, change_30_days as change
        from {alignment}.trend_movements
        union all
        select 'influence' as kind, movement, dealer_name as name, change_30_days as change
        from {alignment}.influence_movements
        where vendor_id = %(brand)s
        union all
        select 'prices' as kind, movement, item_name as name, max(abs(change_30_days_pct)) as change
        from {procurement}.price_movements
        group by movement, item_name
    ),

    ranked as (
        select
            *, row_number() over (partition by kind, movement order by abs(change) desc, name collate "C") as place
        from moved
        where movement in ('RISING', 'FALLING')
    )

    select kind, movement, name
    from ranked
    where place <= %(movements)s
    order by kind, movement desc, place
"""

# A dealer with something of every kind to do, and not too much to read.
_EXAMPLE = """
    select dealer_id, vendor_id
    from {ops}.alignment_recommendations
    group by dealer_id, vendor_id
    order by
        count(distinct type) desc, abs(count(*) - %(actions)s), vendor_id collate "C", dealer_id collate "C"
    limit 1
"""
