"""What the alignment rules find, into the tables people and applications read: in one transaction, by COPY."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, cast, get_args
from uuid import UUID

import psycopg

from runner.alignment.rules import (
    ACTIONS,
    AddOrder,
    Advice,
    Holding,
    Key,
    Market,
    Recommendation,
    Swap,
    Trend,
    count_actions,
    judge,
    recommend,
)
from runner.as_json import dumps
from runner.database.query import query
from runner.errors import FieldlabError
from runner.ops import previous, runs
from runner.ops.runs import Run
from runner.rounding import rounded
from runner.rules.parameters import Values
from runner.settings import Settings

PUBLISHING_JOB = "alignment"

# The numbers of a swap that come as text.
EXACT = {"from_raw_trend", "to_raw_trend", "trend_base", "to_trend", "delta"}

# Dealers read, judged and written at a time: memory does not grow with the size of a vendor.
BATCH = 1000

# As many collections as the web client shows of the market.
TOP_COLLECTIONS = 5

VENDORS = "select distinct vendor_id from {alignment}.collection_trends"

PUBLISHED_VENDORS = """
select vendor_id from {ops}.alignment_reports
union
select vendor_id from {ops}.alignment_recommendations
"""

# The strongest first, as the market summary lists them.
TRENDS = """
select
    collection_id, collection_name, raw_trend, trend_base, normalized_trend, trend_rank, selection_count,
    selecting_dealer_count, display_count, carrying_dealer_count, active_dealer_count
from {alignment}.collection_trends
where vendor_id = %(vendor_id)s
order by trend_rank, collection_name collate "C", collection_id collate "C"
"""

DEALERS = """
with carried as (
    select
        dealer_id,
        jsonb_agg(
            jsonb_build_object('collectionId', collection_id, 'collectionName', collection_name)
            order by collection_name collate "C", collection_id collate "C"
        ) as collections,
        -- Only what may be dropped: of the rest nothing is told.
        jsonb_object_agg(
            collection_id, jsonb_build_array(last_displayed_on, last_selected_on, highest_status)
        ) filter (where collection_id = any(%(weak)s)) as holdings
    from {alignment}.dealer_collection_positions
    where vendor_id = %(vendor_id)s and is_carried
    group by dealer_id
),

swaps as (
    select
        dealer_id,
        jsonb_agg(
            jsonb_build_array(
                collection_id, collection_name, from_product_id, from_product_name, from_sku, from_size, from_finish,
                to_product_id, to_product_name, to_sku, to_size, to_finish, changes, is_selected,
                cast(from_raw_trend as text), cast(to_raw_trend as text), cast(trend_base as text),
                cast(to_trend as text), cast(delta as text),
                from_carrying_dealer_count, to_carrying_dealer_count, shift_count
            )
            order by shift_rank
        ) as swaps
    from {alignment}.shift_opportunities
    where vendor_id = %(vendor_id)s
    group by dealer_id
)

select
    influence.dealer_id, influence.score, influence.sales_volume_score, influence.display_breadth_score,
    influence.market_participation_score, influence.is_trendsetter, alignment.alignment_score, alignment.confidence,
    alignment.as_of, coalesce(carried.collections, '[]') as collections,
    coalesce(carried.holdings, '{{}}') as holdings, coalesce(swaps.swaps, '[]') as swaps
from {alignment}.dealer_influence as influence
inner join {alignment}.dealer_alignment as alignment using (vendor_id, dealer_id)
left join carried using (dealer_id)
left join swaps using (dealer_id)
where influence.vendor_id = %(vendor_id)s and (%(dealer_id)s::text is null or influence.dealer_id = %(dealer_id)s)
"""

# Two writers of one vendor would each delete what both then insert.
LOCK = "lock table {ops}.alignment_reports in share row exclusive mode"

DELETE_RECOMMENDATIONS = """
delete from {ops}.alignment_recommendations
where vendor_id = %(vendor_id)s and (%(dealer_id)s::text is null or dealer_id = %(dealer_id)s)
"""

DELETE_REPORTS = """
delete from {ops}.alignment_reports
where vendor_id = %(vendor_id)s and (%(dealer_id)s::text is null or dealer_id = %(dealer_id)s)
"""

COPY_RECOMMENDATIONS = """
copy {ops}.alignment_recommendations (
    vendor_id, dealer_id, type, rank, priority, collection_id, collection_name, product_id, to_product_id, trend_score,
    reason, metrics, explanation, as_of, run_id, created_at
) from stdin
"""

COPY_REPORTS = """
copy {ops}.alignment_reports (
    vendor_id, dealer_id, alignment_score, confidence, report_data, as_of, run_id, generated_at
) from stdin
"""


# What is published out of order changes nothing that is known of a newer date.
CONTINUE_ADVICE = """
update {ops}.alignment_advice as advice
set last_advised = published.as_of
from {ops}.alignment_recommendations as published
where
    published.vendor_id = %(vendor_id)s
    and (%(dealer_id)s::text is null or published.dealer_id = %(dealer_id)s)
    and advice.vendor_id = published.vendor_id
    and advice.dealer_id = published.dealer_id
    and advice.collection_id = published.collection_id
    and advice.type = published.type
    and advice.followed_on is null
    and advice.last_advised < published.as_of
"""

ADD_ADVICE = """
insert into {ops}.alignment_advice (vendor_id, dealer_id, collection_id, type, first_advised, last_advised)
select vendor_id, dealer_id, collection_id, type, as_of, as_of
from {ops}.alignment_recommendations as published
where
    published.vendor_id = %(vendor_id)s
    and (%(dealer_id)s::text is null or published.dealer_id = %(dealer_id)s)
    and published.type <> 'SHIFT'
    and not exists (
        select 1
        from {ops}.alignment_advice as advice
        where
            advice.vendor_id = published.vendor_id
            and advice.dealer_id = published.dealer_id
            and advice.collection_id = published.collection_id
            and advice.type = published.type
            and (advice.followed_on is null or greatest(advice.last_advised, advice.followed_on) >= published.as_of)
    )
"""

# The marts see who followed what, from what the sources say now; that it was seen is kept here.
KEEP_FOLLOWED = """
update {ops}.alignment_advice as advice
set followed_on = seen.followed_on
from {alignment}.alignment_advice_outcomes as seen
where
    seen.followed_on is not null
    and advice.followed_on is null
    and (%(vendor_id)s::text is null or advice.vendor_id = %(vendor_id)s)
    and advice.vendor_id = seen.vendor_id
    and advice.dealer_id = seen.dealer_id
    and advice.collection_id = seen.collection_id
    and advice.type = seen.type
    and advice.first_advised = seen.first_advised
"""


class Dealer(NamedTuple):
    """An active dealer of a vendor: its rows of dealer_influence and dealer_alignment, and what it carries."""

    dealer_id: str
    score: int
    sales_volume_score: int
    display_breadth_score: int
    market_participation_score: int
    is_trendsetter: bool
    alignment_score: int
    confidence: str
    as_of: date
    collections: list[dict[str, str]]
    holdings: dict[str, list[str | None]]
    swaps: list[list[Any]]

    @property
    def carried(self) -> dict[str, Holding]:
        """The ids of the collections the dealer carries; what it did with them, where they may be dropped."""
        return {
            collection["collectionId"]: _holding(*self.holdings.get(collection["collectionId"], ()))
            for collection in self.collections
        }


@dataclass(frozen=True)
class Vendor:
    """What all reports of a vendor share, made once.

    Attributes:
        market: The vendor's collections as the rules judge them.
        top_collections: The strongest five, as every report shows them.
        entries: Each possible KEEP and ADD as a report shows it, by type and collection.
        explanations: The same for its explanation, as JSON text.
    """

    vendor_id: str
    market: Market
    top_collections: list[dict[str, Any]]
    entries: Mapping[Key, dict[str, Any]]
    explanations: Mapping[Key, str]


@dataclass(frozen=True)
class Published:
    """How much was published for one vendor: nothing when it has no active dealer or vanished from the marts."""

    vendor_id: str
    reports: int
    keep: int
    drop: int
    add: int
    shift: int


def publish_alignment(
    connection: psycopg.Connection,
    settings: Settings,
    parameters: Mapping[str, Values],
    *,
    run: Run,
    now: datetime,
    vendor: str | None = None,
) -> list[Published]:
    """Replace what is published for every vendor of the marts, and put it on record, in one transaction.

    A vendor that vanished from the marts loses its old set. What was ever advised stays in `alignment_advice`, with
    what the marts say of who followed it.

    Args:
        connection: In autocommit mode.
        settings: Names the schemas.
        parameters: The values of the rules keep, drop, add and shift.
        run: The run that publishes.
        now: The moment of publishing.
        vendor: Publish this vendor only.

    Returns:
        What was published, by vendor id.

    Raises:
        FieldlabError: There is no such vendor.
    """
    current = {vendor_id for (vendor_id,) in connection.execute(query(settings, VENDORS))}
    published = {vendor_id for (vendor_id,) in connection.execute(query(settings, PUBLISHED_VENDORS))}
    if vendor is not None and vendor not in current | published:
        known = ", ".join(sorted(current)) or "none yet"
        raise FieldlabError(f"There is no vendor {vendor}.", f"The vendors are: {known}.")
    with connection.transaction():
        connection.execute(query(settings, LOCK))
        previous.keep(connection, settings, run, PUBLISHING_JOB)
        connection.execute(query(settings, KEEP_FOLLOWED), {"vendor_id": vendor})
        replaced = [
            publish_vendor(connection, settings, parameters, vendor_id, run_id=run.run_id, now=now)
            for vendor_id in ([vendor] if vendor is not None else sorted(current | published))
        ]
        runs.mark_published(connection, settings, run, PUBLISHING_JOB)
    return replaced


def publish_vendor(
    connection: psycopg.Connection,
    settings: Settings,
    parameters: Mapping[str, Values],
    vendor_id: str,
    *,
    run_id: UUID,
    now: datetime,
    dealer_id: str | None = None,
) -> Published:
    """Replace one vendor's recommendations and reports, or only one dealer's, in one transaction."""
    moment = to_milliseconds(now)
    whose = {"vendor_id": vendor_id, "dealer_id": dealer_id}
    counts = Counter[str]()
    with connection.transaction():
        for statement in (LOCK, DELETE_RECOMMENDATIONS, DELETE_REPORTS):
            connection.execute(query(settings, statement), whose)
        vendor = read_vendor(connection, settings, parameters, vendor_id)
        for dealers in read_dealers(connection, settings, vendor, dealer_id):
            decided = [(dealer, advise(vendor, dealer)) for dealer in dealers]
            counts["reports"] += len(decided)
            counts.update(action.type for _, advice in decided for action in advice.actions)
            with connection.cursor() as cursor:
                with cursor.copy(query(settings, COPY_RECOMMENDATIONS)) as copy:
                    for row in _recommendation_rows(vendor, decided, run_id, moment):
                        copy.write_row(row)
                with cursor.copy(query(settings, COPY_REPORTS)) as copy:
                    for row in _report_rows(vendor, decided, run_id, moment):
                        copy.write_row(row)
        for statement in (CONTINUE_ADVICE, ADD_ADVICE):
            connection.execute(query(settings, statement), whose)
    return Published(vendor_id, counts["reports"], *(counts[action] for action in ACTIONS))


def read_vendor(
    connection: psycopg.Connection, settings: Settings, parameters: Mapping[str, Values], vendor_id: str
) -> Vendor:
    """Read a vendor's market from the marts and judge it."""
    rows = connection.execute(query(settings, TRENDS), {"vendor_id": vendor_id}).fetchall()
    trends = [Trend(*row) for row in rows]
    market = judge(trends, parameters, add_order(settings))
    entries = {action.key: _entry(action) for action in (*market.keep, *market.add)}
    return Vendor(
        vendor_id=vendor_id,
        market=market,
        top_collections=[
            {
                "collectionName": trend.collection_name,
                "trendScore": int(rounded(trend.share * 100)),
                "selectionCount": trend.selection_count,
                "dealerCount": trend.selecting_dealer_count,
            }
            for trend in trends[:TOP_COLLECTIONS]
        ],
        entries=entries,
        explanations={key: json.dumps(entry["explanation"], ensure_ascii=False) for key, entry in entries.items()},
    )


def add_order(settings: Settings) -> AddOrder:
    """What ADD is ordered by.

    Raises:
        FieldlabError: The var `add_order` is neither `carriers` nor `trend`.
    """
    order = settings.variable("add_order")
    if order not in get_args(AddOrder):
        raise FieldlabError(
            f"The var `add_order` is {order!r}; it must be {' or '.join(get_args(AddOrder))}.",
            "Correct it in dbt_project.yml.",
        )
    return cast("AddOrder", order)


def read_dealers(
    connection: psycopg.Connection, settings: Settings, vendor: Vendor, dealer_id: str | None = None
) -> Iterator[list[Dealer]]:
    """Read a vendor's active dealers, or one of them, a batch at a time. Needs an open transaction."""
    weak = [action.collection_id for action in vendor.market.drop]
    with connection.cursor("dealers") as cursor:
        cursor.execute(query(settings, DEALERS), {"vendor_id": vendor.vendor_id, "dealer_id": dealer_id, "weak": weak})
        while rows := cursor.fetchmany(BATCH):
            yield [Dealer(*row) for row in rows]


def advise(vendor: Vendor, dealer: Dealer) -> Advice:
    """What one dealer gets of its vendor's market."""
    return recommend(vendor.market, dealer.carried, [_swap(*row) for row in dealer.swaps], dealer.as_of)


def report_data(vendor: Vendor, dealer: Dealer, advice: Advice, moment: datetime) -> dict[str, Any]:
    """A dealer's report in the shape the web client reads, made at a moment in UTC."""
    return {
        "dealerId": dealer.dealer_id,
        "vendorId": vendor.vendor_id,
        "alignmentScore": dealer.alignment_score,
        "confidence": dealer.confidence,
        "generatedAt": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "influence": {
            "score": dealer.score,
            "salesVolumeScore": dealer.sales_volume_score,
            "displayBreadthScore": dealer.display_breadth_score,
            "marketParticipation": dealer.market_participation_score,
            "isTrendsetter": dealer.is_trendsetter,
        },
        "marketSummary": {"topCollections": vendor.top_collections},
        "currentState": {"collectionCount": len(dealer.collections), "collections": dealer.collections},
        "recommendations": {
            **{
                group.lower(): [_entry_of(vendor, action) for action in advice.actions if action.type == group]
                for group in ACTIONS
            },
            "counts": count_actions(advice),
        },
    }


def to_milliseconds(moment: datetime) -> datetime:
    """A moment in UTC without what a report does not show of it, so that column and report say the same."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


Decided = Sequence[tuple[Dealer, Advice]]


def _recommendation_rows(vendor: Vendor, decided: Decided, run_id: UUID, moment: datetime) -> Iterator[tuple[Any, ...]]:
    for dealer, advice in decided:
        ranks = Counter[str]()
        for action in advice.actions:
            ranks[action.type] += 1
            yield (
                vendor.vendor_id,
                dealer.dealer_id,
                action.type,
                ranks[action.type],
                action.priority,
                action.collection_id,
                action.collection_name,
                action.swap and action.swap.from_product_id,
                action.swap and action.swap.to_product_id,
                action.trend_score,
                action.reason,
                action.metrics,
                vendor.explanations.get(action.key) or dumps(action.explanation),
                dealer.as_of,
                run_id,
                moment,
            )


def _report_rows(vendor: Vendor, decided: Decided, run_id: UUID, moment: datetime) -> Iterator[tuple[Any, ...]]:
    for dealer, advice in decided:
        yield (
            vendor.vendor_id,
            dealer.dealer_id,
            dealer.alignment_score,
            dealer.confidence,
            dumps(report_data(vendor, dealer, advice, moment)),
            dealer.as_of,
            run_id,
            moment,
        )


def _entry(action: Recommendation) -> dict[str, Any]:
    entry = {
        "type": action.type,
        "priority": action.priority,
        "collectionId": action.collection_id,
        "collectionName": action.collection_name,
        "trendScore": action.trend_score,
        "reason": action.reason,
        "metrics": action.metrics,
        "explanation": action.explanation,
    }
    if action.swap:
        entry["productId"], entry["productName"] = action.swap.from_product_id, action.swap.from_product_name
        entry["toProductId"], entry["toProductName"] = action.swap.to_product_id, action.swap.to_product_name
        entry["changes"] = action.swap.changes
    plain: dict[str, Any] = json.loads(dumps(entry))
    return plain


def _entry_of(vendor: Vendor, action: Recommendation) -> dict[str, Any]:
    """What is the same for every dealer was made once; a DROP and a SHIFT speak of the dealer itself."""
    return vendor.entries.get(action.key) or _entry(action)


def _holding(displayed: str | None = None, selected: str | None = None, status: str | None = None) -> Holding:
    return Holding(
        date.fromisoformat(displayed) if displayed else None, date.fromisoformat(selected) if selected else None, status
    )


def _swap(*row: Any) -> Swap:
    """A swap as JSON holds it: exact numbers are text there."""
    exact = {name: Decimal(value) for name, value in zip(Swap._fields, row, strict=True) if name in EXACT}
    return Swap(**{**dict(zip(Swap._fields, row, strict=True)), **exact})
