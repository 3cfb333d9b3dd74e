"""One dealer's alignment report: the stored one, or one made anew when it is missing or the marts are another run's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import NAMESPACE_OID, UUID, uuid5

import psycopg

from runner.alignment.publish import advise, publish_vendor, read_dealers, read_vendor, report_data, to_milliseconds
from runner.database.query import query
from runner.errors import FieldlabError, NotBuiltError, NotFoundError
from runner.lookup import AmbiguousError, Called, choose
from runner.ops import lock, runs
from runner.rules.parameters import Values
from runner.rules.registry import RULES
from runner.rules.seed import read_parameters
from runner.settings import Settings

# The order in which a report is written; jsonb keeps none.
KEYS = (
    *("dealerId", "vendorId", "alignmentScore", "confidence", "generatedAt", "influence", "marketSummary"),
    *("currentState", "recommendations", "score", "salesVolumeScore", "displayBreadthScore", "marketParticipation"),
    *("isTrendsetter", "topCollections", "collectionCount", "collections", "keep", "drop", "add", "shift"),
    *("counts", "shown", "all"),
    *("type", "priority", "collectionId", "collectionName", "productId", "productName", "toProductId"),
    *("toProductName", "changes", "trendScore", "selectionCount", "dealerCount", "reason", "metrics"),
    *("explanation", "ruleId", "observed", "threshold", "inputs"),
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

# One row of each mart says which run made it: dbt writes a mart as a whole.
MARTS = """
with made as (
    (select run_id from {alignment}.dealer_alignment limit 1)
    union (select run_id from {alignment}.dealer_influence limit 1)
    union (select run_id from {alignment}.collection_trends limit 1)
    union (select run_id from {alignment}.dealer_collection_positions limit 1)
)

select as_of, (select array_agg(run_id order by run_id collate "C") from made where run_id is not null) as run_ids
from {alignment}.dealer_alignment
where vendor_id = %(vendor_id)s and dealer_id = %(dealer_id)s
"""

ALIGNMENT = """
select vendor_id, dealer_id, alignment_score, confidence
from {alignment}.dealer_alignment
inner join unnest(%(vendor_ids)s::text[], %(dealer_ids)s::text[]) as wanted (vendor_id, dealer_id)
    using (vendor_id, dealer_id)
"""

STORED = """
select report_data, as_of, generated_at, run_id
from {ops}.alignment_reports
where vendor_id = %(vendor_id)s and dealer_id = %(dealer_id)s
"""

# The runs that made the marts, none where plain dbt did. A backfill publishes nothing; it leaves the marts as of the
# date they were about before, unless it was stopped on the way. They are no fitter than the job before it found them.
MAKERS = """
select
    outcome,
    case
        when kind = 'job' then published
        else outcome = 'succeeded' and coalesce(
            (
                select coalesce(before.published, false)
                from {ops}.job_runs as before
                where
                    before.kind = 'job' and before.job = 'alignment' and before.outcome <> 'left out'
                    and before.started_at < made.started_at
                order by before.started_at desc
                limit 1
            ),
            true
        )
    end as is_fit
from {ops}.job_runs as made
where (kind, job) in (('job', 'alignment'), ('run', 'backfill')) and run_id::text = any(%(run_ids)s)
"""


class Dealer(NamedTuple):
    """A dealer as people know it."""

    dealer_id: str
    name: str
    region: str | None
    dealer_type: str


class Marts(NamedTuple):
    """What the marts a report is made from are about, and the runs that computed them."""

    as_of: date
    run_ids: list[str] | None

    @property
    def run_id(self) -> UUID:
        """The run that computed them; where several did, or not fieldlab, an id of its own for that mixture."""
        text = ",".join(self.run_ids or [])
        try:
            return UUID(text)
        except ValueError:
            return uuid5(NAMESPACE_OID, text)


@dataclass(frozen=True)
class Report:
    """A dealer's report.

    Attributes:
        data: As stored, in the shape the web client reads.
        as_of: The date it is about.
        generated_at: When it was made.
        run_id: The run of the marts it was made from.
        remark: What the reader should know about it, if anything.
    """

    data: Mapping[str, Any]
    as_of: date
    generated_at: datetime
    run_id: UUID
    remark: str = ""


def find_dealer(connection: psycopg.Connection, settings: Settings, text: str) -> Dealer:
    """Find a dealer by id, by name, or by name in other capitals.

    Raises:
        AmbiguousError: Several dealers have this name.
        NotFoundError: There is none.
        NotBuiltError: There are no marts yet.
    """
    try:
        rows = connection.execute(query(settings, FIND_DEALER), {"text": text}).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise NotBuiltError(
            "There are no alignment marts yet.", "Make them with `fieldlab run --job alignment`."
        ) from error
    return choose(
        "dealer",
        text,
        [Dealer(*row) for row in rows],
        lambda dealer: Called(dealer.dealer_id, dealer.name, dealer.region or "no region"),
        lambda: [name for (name,) in connection.execute(query(settings, DEALER_NAMES))],
    )


def choose_vendor(connection: psycopg.Connection, settings: Settings, dealer: Dealer, vendor_id: str | None) -> str:
    """The vendor to report for: the one asked for, else the only one the dealer is active for.

    Raises:
        AmbiguousError: None was asked for and the dealer is active for several.
        NotFoundError: The dealer is not active for the vendor, or for any.
    """
    active = [row[0] for row in connection.execute(query(settings, ACTIVE_VENDORS), {"dealer_id": dealer.dealer_id})]
    if not active:
        raise NotFoundError(
            f"{dealer.name} has neither a selection nor a display, so there is nothing to report.",
            "A report needs a dealer who selected or displays something of a vendor.",
        )
    if vendor_id is None and len(active) > 1:
        listed = "\n".join(f"  {vendor}" for vendor in active)
        raise AmbiguousError(f"{dealer.name} is active for {len(active)} vendors; name the vendor:\n{listed}")
    if vendor_id is not None and vendor_id not in active:
        raise NotFoundError(
            f"{dealer.name} is not active for the vendor {vendor_id}: no selection and no display of its products.",
            f"{dealer.name} is active for {', '.join(active)}.",
        )
    return vendor_id or active[0]


def dealer_report(
    connection: psycopg.Connection,
    settings: Settings,
    dealer_id: str,
    vendor_id: str,
    now: datetime,
    *,
    store: bool = True,
) -> Report:
    """The dealer's stored report, or one made anew, and stored, when it is missing or of other marts.

    Nothing is stored from marts that a run did not see fit to publish; the report says so then.

    Args:
        connection: In autocommit mode.
        settings: Names the schemas.
        dealer_id: A dealer who is active for the vendor.
        vendor_id: The vendor.
        now: The moment a new report would be made.
        store: False leaves what is stored alone.
    """
    whose = {"vendor_id": vendor_id, "dealer_id": dealer_id}
    marts = Marts(*_one(connection.execute(query(settings, MARTS), whose)))
    stored = _stored(connection, settings, whose)
    if stored and stored.run_id == marts.run_id:
        return stored

    unfit = _unfit(connection, settings, marts)
    if unfit and stored:
        return replace(stored, remark=f"{unfit} This is the report that was published before.")

    parameters = read_parameters(connection, settings, RULES)
    if unfit or not store:
        moment = to_milliseconds(now)
        data = _unpublished(connection, settings, parameters, whose, moment)
        remark = f"{unfit} This report shows them, and is not stored." if unfit else ""
        return Report(data, marts.as_of, moment, marts.run_id, remark)
    publish_vendor(connection, settings, parameters, vendor_id, run_id=marts.run_id, now=now, dealer_id=dealer_id)
    report_now = _stored(connection, settings, whose)
    if report_now is None:
        raise FieldlabError("The marts changed while the report was made.", "Try again.")
    return report_now


def alignment_of(
    connection: psycopg.Connection, settings: Settings, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], tuple[int, str]]:
    """The alignment score and its confidence of dealers, by vendor and dealer."""
    bound = {"vendor_ids": [vendor_id for vendor_id, _ in keys], "dealer_ids": [dealer_id for _, dealer_id in keys]}
    found = connection.execute(query(settings, ALIGNMENT), bound).fetchall()
    return {(vendor_id, dealer_id): (score, confidence) for vendor_id, dealer_id, score, confidence in found}


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
    moment: datetime,
) -> dict[str, Any]:
    """Make a report and leave what is stored alone."""
    with connection.transaction():
        vendor = read_vendor(connection, settings, parameters, whose["vendor_id"])
        ((dealer,),) = read_dealers(connection, settings, vendor, whose["dealer_id"])
    return report_data(vendor, dealer, advise(vendor, dealer), moment)


def _unfit(connection: psycopg.Connection, settings: Settings, marts: Marts) -> str | None:
    """Why nothing may be published from these marts, if so."""
    newest = runs.newest_published(connection, settings, "alignment")
    if newest and marts.as_of < newest.as_of:
        return f"The marts are as of {marts.as_of}, older than what is published ({newest.as_of})."
    makers = connection.execute(query(settings, MAKERS), {"run_ids": marts.run_ids}).fetchall()
    if any(outcome == "running" for outcome, _ in makers) and lock.is_held(connection, settings):
        return "A run is under way and the marts may be half made."
    if all(is_fit for _, is_fit in makers):
        return None
    return "The run that made the marts published nothing (`fieldlab jobs` says why)."


def _one(cursor: psycopg.Cursor[Any]) -> Any:
    row = cursor.fetchone()
    if row is None:
        raise FieldlabError("The marts changed while the report was made.", "Try again.")
    return row
