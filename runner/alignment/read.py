"""One dealer's alignment report: the stored one, or one made anew when it is missing or older than the marts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg

from runner.alignment.publish import publish_vendor, read_dealers, read_vendor, report_data, to_milliseconds
from runner.alignment.rules import recommend
from runner.database.query import query
from runner.errors import FieldlabError
from runner.lookup import AmbiguousError, closest, either
from runner.ops import runs
from runner.rules.parameters import Values
from runner.rules.registry import RULES
from runner.rules.seed import read_parameters
from runner.settings import Settings

# The order in which a report is written; jsonb keeps none.
KEYS = (
    *("dealerId", "vendorId", "alignmentScore", "confidence", "generatedAt", "influence", "marketSummary"),
    *("currentState", "recommendations", "score", "salesVolumeScore", "displayBreadthScore", "marketParticipation"),
    *("isTrendsetter", "topCollections", "collectionCount", "collections", "keep", "drop", "add"),
    *("type", "priority", "collectionId", "collectionName", "trendScore", "selectionCount", "dealerCount", "reason"),
    *("metrics", "explanation", "ruleId", "observed", "threshold", "inputs"),
)

FIND_DEALER = """
select dealer_id, dealer_name, region, dealer_type
from {alignment}.dealers
where dealer_id = %(text)s or lower(dealer_name) = lower(%(text)s)
order by dealer_id collate "C"
"""

DEALER_NAMES = "select distinct dealer_name from {alignment}.dealers"

ACTIVE_VENDORS = """
select vendor_id
from {alignment}.dealer_influence
where dealer_id = %(dealer_id)s
order by vendor_id collate "C"
"""

# One moment per table: dbt writes a mart as a whole.
MARTS = """
select
    alignment.as_of,
    greatest(
        alignment.computed_at,
        (select max(computed_at) from {alignment}.dealer_influence),
        (select max(computed_at) from {alignment}.collection_trends),
        (select max(computed_at) from {alignment}.dealer_collection_positions)
    ) as computed_at
from {alignment}.dealer_alignment as alignment
where alignment.vendor_id = %(vendor_id)s and alignment.dealer_id = %(dealer_id)s
"""

STORED = """
select report_data, as_of, generated_at
from {ops}.alignment_reports
where vendor_id = %(vendor_id)s and dealer_id = %(dealer_id)s
"""

# The run whose marts these are, if a run made them: dbt stamps them with a moment within it.
MAKER = """
select outcome, published
from {ops}.job_runs
where
    job = 'alignment' and kind = 'job' and started_at <= %(computed_at)s
    and (finished_at is null or finished_at >= %(computed_at)s)
order by started_at desc
limit 1
"""


class Dealer(NamedTuple):
    """A dealer as people know it."""

    dealer_id: str
    name: str
    region: str | None
    dealer_type: str


class Marts(NamedTuple):
    """What the marts a report is made from are about, and when they were computed."""

    as_of: date
    computed_at: datetime


@dataclass(frozen=True)
class Report:
    """A dealer's report.

    Attributes:
        data: As stored, in the shape the web client reads.
        as_of: The date it is about.
        generated_at: When it was made.
        remark: What the reader should know about it, if anything.
    """

    data: Mapping[str, Any]
    as_of: date
    generated_at: datetime
    remark: str = ""


def find_dealer(connection: psycopg.Connection, settings: Settings, text: str) -> Dealer:
    """Find a dealer by id, by name, or by name in other capitals.

    Raises:
        AmbiguousError: Several dealers have this name.
        FieldlabError: There is none, or there are no marts yet.
    """
    try:
        rows = connection.execute(query(settings, FIND_DEALER), {"text": text}).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise FieldlabError(
            "There are no alignment marts yet.", "Make them with `fieldlab run --job alignment`."
        ) from error
    found = [Dealer(*row) for row in rows]
    by_id = [dealer for dealer in found if dealer.dealer_id == text]
    by_name = [dealer for dealer in found if dealer.name == text]
    matches = by_id or by_name or found
    if len(matches) == 1:
        return matches[0]
    if matches:
        listed = "\n".join(f"  {dealer.dealer_id}  {dealer.name}, {dealer.region or 'no region'}" for dealer in matches)
        raise AmbiguousError(f"{len(matches)} dealers are called {text!r}; name one by its id:\n{listed}")
    names = closest(text, [name for (name,) in connection.execute(query(settings, DEALER_NAMES))])
    raise FieldlabError(
        f"There is no dealer {text!r}.",
        f"Did you mean {either(names)}?" if names else "The marts hold no dealer at all; load some and run again.",
    )


def choose_vendor(connection: psycopg.Connection, settings: Settings, dealer: Dealer, vendor_id: str | None) -> str:
    """The vendor to report for: the one asked for, else the only one the dealer is active for.

    Raises:
        AmbiguousError: None was asked for and the dealer is active for several.
        FieldlabError: The dealer is not active for the vendor, or for any.
    """
    active = [row[0] for row in connection.execute(query(settings, ACTIVE_VENDORS), {"dealer_id": dealer.dealer_id})]
    if not active:
        raise FieldlabError(
            f"{dealer.name} has neither a selection nor a display, so there is nothing to report.",
            "A report needs a dealer who selected or displays something of a vendor.",
        )
    if vendor_id is None and len(active) > 1:
        listed = "\n".join(f"  {vendor}" for vendor in active)
        raise AmbiguousError(f"{dealer.name} is active for {len(active)} vendors; name one with --vendor:\n{listed}")
    if vendor_id is not None and vendor_id not in active:
        raise FieldlabError(
            f"{dealer.name} is not active for the vendor {vendor_id}: no selection and no display of its products.",
            f"{dealer.name} is active for {', '.join(active)}.",
        )
    return vendor_id or active[0]


def dealer_report(
    connection: psycopg.Connection, settings: Settings, dealer_id: str, vendor_id: str, now: datetime
) -> Report:
    """The dealer's stored report, or one made anew and stored when it is missing or older than the marts.

    Nothing is stored from marts that a run did not see fit to publish; the report says so then.

    Args:
        connection: In autocommit mode.
        settings: Names the schemas.
        dealer_id: A dealer who is active for the vendor.
        vendor_id: The vendor.
        now: The moment a new report would be made.
    """
    whose = {"vendor_id": vendor_id, "dealer_id": dealer_id}
    marts = Marts(*_one(connection.execute(query(settings, MARTS), whose)))
    stored = _stored(connection, settings, whose)
    if stored and stored.generated_at >= marts.computed_at:
        return stored

    unfit = _unfit(connection, settings, marts)
    if unfit and stored:
        return replace(stored, remark=f"{unfit} This is the report that was published before.")

    parameters = read_parameters(connection, settings, RULES)
    if unfit:
        report = _unpublished(connection, settings, parameters, whose, now)
        return replace(report, remark=f"{unfit} This report shows them, and is not stored.")
    publish_vendor(connection, settings, parameters, vendor_id, run_id=uuid4(), now=now, dealer_id=dealer_id)
    report_now = _stored(connection, settings, whose)
    if report_now is None:
        raise FieldlabError("The marts changed while the report was made.", "Try again.")
    return report_now


def in_order(value: Any) -> Any:
    """A report, or a part of one, with its keys in the order they are documented."""
    if isinstance(value, Mapping):
        known = sorted(value, key=lambda key: KEYS.index(key) if key in KEYS else len(KEYS))
        return {key: in_order(value[key]) for key in known}
    if isinstance(value, list):
        return [in_order(part) for part in value]
    return value


def _stored(connection: psycopg.Connection, settings: Settings, whose: Mapping[str, str]) -> Report | None:
    row = connection.execute(query(settings, STORED), whose).fetchone()
    return Report(*row) if row else None


def _unpublished(
    connection: psycopg.Connection,
    settings: Settings,
    parameters: Mapping[str, Values],
    whose: Mapping[str, str],
    now: datetime,
) -> Report:
    """Make a report and leave what is stored alone."""
    moment = to_milliseconds(now)
    with connection.transaction():
        vendor = read_vendor(connection, settings, parameters, whose["vendor_id"])
        ((dealer,),) = read_dealers(connection, settings, **whose)
    data = report_data(vendor, dealer, recommend(vendor.market, dealer.carried), moment)
    return Report(data, dealer.as_of, moment)


def _unfit(connection: psycopg.Connection, settings: Settings, marts: Marts) -> str | None:
    """Why nothing may be published from these marts, if so."""
    newest = runs.newest_published(connection, settings, "alignment")
    if newest and marts.as_of < newest.as_of:
        return f"The marts are as of {marts.as_of}, older than what is published ({newest.as_of})."
    maker = connection.execute(query(settings, MAKER), {"computed_at": marts.computed_at}).fetchone()
    if maker is None:
        return None
    outcome, published = maker
    if outcome == "running":
        return "A run is under way and the marts may be half made."
    if published:
        return None
    return "The run that made the marts published nothing (`fieldlab jobs` says why)."


def _one(cursor: psycopg.Cursor[Any]) -> Any:
    row = cursor.fetchone()
    if row is None:
        raise FieldlabError("The marts changed while the report was made.", "Try again.")
    return row
