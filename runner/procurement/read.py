"""Reads published recommendations: which there are, what they save together, and the whole story of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from runner.database.query import query
from runner.errors import NotFoundError
from runner.lookup import closest, either
from runner.ops.runs import newest_published
from runner.procurement.findings import SAVINGS_PRIORITY, SavingsBasis
from runner.procurement.lifecycle import OPEN, PUBLISHING_JOB, clock
from runner.procurement.savings import Saving, total_savings
from runner.rules.registry import PROCUREMENT_RULES, RULES
from runner.rules.seed import read_parameters
from runner.settings import Settings
from runner.words import count, day, listing

TYPES = tuple(dict.fromkeys(rule.type for rule in PROCUREMENT_RULES))
RULES_BY_ID = {rule.rule_id: rule for rule in PROCUREMENT_RULES}
STATUSES = (*OPEN, "DISMISSED", "APPLIED", "EXPIRED")


@dataclass(frozen=True)
class Filter:
    """Which recommendations are meant; what is empty or None does not limit.

    Attributes:
        statuses: One whose time has passed counts as EXPIRED, marked or not.
        branch: An id or a name, upper or lower case; also a branch that it is compared with.
        vendor: The same, in any role.
        min_savings: At least this much; those without savings are out.
    """

    statuses: Sequence[str] = OPEN
    types: Sequence[str] = ()
    priorities: Sequence[int] = ()
    branch: str | None = None
    item: str | None = None
    vendor: str | None = None
    min_savings: Decimal | None = None

    def bound(self) -> dict[str, object]:
        """The parameters of the query."""
        return {
            "statuses": list(self.statuses),
            "types": list(self.types) or None,
            "priorities": list(self.priorities) or None,
            "branch": self.branch,
            "item": self.item,
            "vendor": self.vendor,
            "min_savings": self.min_savings,
        }


@dataclass(frozen=True)
class Listing:
    """What a filter selects.

    Attributes:
        decisions: The first of the decisions: by priority, expected savings, id. Each has its own sums, the ids of its
            recommendations, the lowest first, and `example`, the first of them.
        decision_count: How many decisions there are in all.
        count: How many recommendations.
        totals: What all of them save together, overlaps counted once.
    """

    decisions: Sequence[Mapping[str, Any]] = ()
    decision_count: int = 0
    count: int = 0
    totals: Mapping[SavingsBasis, Decimal] = field(default_factory=dict)

    @property
    def ids(self) -> list[int]:
        """The recommendations of the decisions."""
        return [one for decision in self.decisions for one in decision["ids"]]


def list_decisions(
    connection: psycopg.Connection, settings: Settings, wanted: Filter, limit: int | None = None, skip: int = 0
) -> Listing:
    """Select recommendations, as decisions: what a person would decide at once is one row.

    Args:
        connection: The warehouse.
        settings: Names the schema.
        wanted: Which ones; a decision is made up of those among its recommendations.
        limit: At most this many decisions; counts and totals are of all.
        skip: Leave out this many at the top, at most all but one.
    """
    bound = _bound(connection, settings, wanted)
    with connection.cursor(row_factory=dict_row) as cursor:
        light = cursor.execute(_selecting(settings, _SAVINGS), bound).fetchall()
        if not light:
            return Listing()
        thresholds = read_parameters(connection, settings, RULES)[SAVINGS_PRIORITY.rule_id]
        bound |= {name: thresholds[name] for name in SAVINGS_PRIORITY.parameters}
        bound |= {"limit": limit, "skip": skip}
        rows = cursor.execute(_selecting(settings, _DECISIONS), bound).fetchall()
    savings = [Saving(**row) for row in light if row["savings"] is not None]
    return Listing([_titled(row) for row in rows], rows[0]["decision_count"], len(light), total_savings(savings))


class Place(NamedTuple):
    """Where a recommendation is in the list."""

    priority: int
    expected_savings: Decimal | None
    id: int


def list_recommendations(
    connection: psycopg.Connection,
    settings: Settings,
    wanted: Filter,
    ids: Sequence[int] | None = None,
    *,
    limit: int | None = None,
    after: Place | None = None,
) -> list[dict[str, Any]]:
    """Select whole recommendations, in the order of the list: priority, expected savings, id.

    Args:
        connection: The warehouse.
        settings: Names the schema.
        wanted: Which ones.
        ids: Among these only.
        limit: At most this many.
        after: Those behind this place only.
    """
    bound = _bound(connection, settings, wanted) | {"ids": None if ids is None else list(ids), "limit": limit}
    bound |= {f"after_{name}": value for name, value in (after or Place(0, None, 0))._asdict().items()}
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_selecting(settings, _LIST), bound).fetchall()


def decision_keys(connection: psycopg.Connection, settings: Settings, ids: Sequence[int]) -> list[str]:
    """The decisions that recommendations belong to.

    Raises:
        NotFoundError: There is no such recommendation; all that are missing are named.
    """
    known: dict[int, str] = dict(connection.execute(query(settings, _KEYS), {"ids": list(ids)}).fetchall())
    missing = [one for one in ids if one not in known]
    if missing:
        raise NotFoundError(
            "\n".join(f"There is no recommendation {one}." for one in missing),
            "`fieldlab recommendations list` shows the open ones.",
        )
    return list(dict.fromkeys(known[one] for one in ids))


def ids_of_decision(connection: psycopg.Connection, settings: Settings, one: int) -> list[int]:
    """A recommendation and the open ones that are decided with it, in the list's order; none if it is unknown."""
    bound = {"id": one, "judged_at": clock(connection, settings).judged_at}
    return [member for (member,) in connection.execute(query(settings, _OF_DECISION), bound)]


def newest_event(connection: psycopg.Connection, settings: Settings) -> tuple[int, datetime]:
    """What the list depends on beside runs: the newest step that was taken, and what expiry is judged by.

    Recommendations expire at midnight, so the clock counts by the day.
    """
    time_now = clock(connection, settings)
    row = connection.execute(query(settings, _NEWEST_EVENT)).fetchone()
    today = time_now.judged_at.astimezone(settings.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return (row[0] if row else 0), today


def rules_left_out(connection: psycopg.Connection, settings: Settings) -> dict[str, str]:
    """The rules that the newest published run could not ask, and why."""
    row = connection.execute(query(settings, _LEFT_OUT), {"job": PUBLISHING_JOB}).fetchone()
    return dict(row[0] or {}) if row else {}


def why_nothing_is_open(connection: psycopg.Connection, settings: Settings) -> str:
    """Why the list is empty: nothing was found, all is decided, or it expired; and whether the data is old."""
    newest = newest_published(connection, settings, PUBLISHING_JOB)
    if newest is None:
        return "Nothing is open: no run has published recommendations yet. `fieldlab run` does it."
    time_now = clock(connection, settings)
    with connection.cursor(row_factory=dict_row) as cursor:
        ended = cursor.execute(query(settings, _ENDED), {"judged_at": time_now.judged_at}).fetchall()
    said = ["Nothing is open."]
    counts = {row["status"]: row for row in ended}
    decided = [
        f"{counts[status]['number']:,} {word}"
        for status, word in (("APPLIED", "applied"), ("DISMISSED", "dismissed"))
        if status in counts
    ]
    if not ended:
        said.append(f"The run as of {day(newest.as_of)} found nothing.")
    if decided:
        all_of = "All are decided" if "EXPIRED" not in counts else "Decided"
        said.append(f"{all_of}: {listing(decided)}.")
    if "EXPIRED" in counts:
        gone = counts["EXPIRED"]
        since = gone["since"].astimezone(settings.zone).date()
        by_run = f", the newest by run {gone['run_id']}" if gone["run_id"] else ""
        said.append(f"{gone['number']:,} expired since {day(since)}{by_run}.")
    today = datetime.now(settings.zone).date()
    if newest.as_of < today:
        old = count((today - newest.as_of).days, "day")
        said.append(f"What is published is as of {day(newest.as_of)}, {old} ago: a run with newer data finds more.")
    return " ".join(said)


def decision_title(rule_id: str, example: Mapping[str, Any], number: int) -> str:
    """What to do, in one line, where a decision is made up of this many recommendations and this is one of them."""
    rule = RULES_BY_ID.get(rule_id)
    if number > 1 and rule is not None and rule.decision is not None:
        return rule.decision.title(example["context"], number)
    return str(example["title"])


def _titled(row: Mapping[str, Any]) -> dict[str, Any]:
    """A decision with what to do, in one line."""
    number = len(row["ids"])
    known = {name: value for name, value in row.items() if name != "decision_count"}
    return {**known, "title": decision_title(row["rule_id"], row["example"], number), "count": number}


def _bound(connection: psycopg.Connection, settings: Settings, wanted: Filter) -> dict[str, object]:
    return {**wanted.bound(), "judged_at": clock(connection, settings).judged_at}


def _selecting(settings: Settings, statement: LiteralString) -> sql.Composed:
    """A query of the recommendations that a filter selects."""
    selected = query(settings, _SELECTED, columns=_COLUMNS)
    return query(settings, statement, selected=selected, columns=_COLUMNS)


def unknown_names(connection: psycopg.Connection, settings: Settings, wanted: Filter) -> list[str]:
    """Say which branch, item or vendor of a filter no recommendation ever named, and which names are like it."""
    remarks = []
    for role, text in (("branch", wanted.branch), ("item", wanted.item), ("vendor", wanted.vendor)):
        if text is None:
            continue
        found = connection.execute(query(settings, _NAMED), {"ids": f"%{role}_id", "names": f"%{role}_name"}).fetchall()
        if text.casefold() in {value.casefold() for _, value in found}:
            continue
        near = closest(text, [value for is_name, value in found if is_name])
        remarks.append(
            f"No recommendation names the {role} '{text}'.{f' Did you mean {either(near)}?' if near else ''}"
        )
    return remarks


def read_recommendation(connection: psycopg.Connection, settings: Settings, one: int) -> dict[str, Any]:
    """Read one recommendation with its `events`, oldest first.

    Raises:
        NotFoundError: There is none with this id.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        bound = {"id": one, "judged_at": clock(connection, settings).judged_at}
        row = cursor.execute(query(settings, _ONE, columns=_COLUMNS), bound).fetchone()
        if row is None:
            raise NotFoundError(
                f"There is no recommendation {one}.", "`fieldlab recommendations list` shows the open ones."
            )
        return {**row, "events": cursor.execute(query(settings, _EVENTS), bound).fetchall()}


_COLUMNS = sql.SQL("""
    id, rule_id, type, category, fingerprint, decision_key, item_id, vendor_id, branch_id, invoice_id, title,
    description, reasoning, estimated_savings, expected_savings, savings_basis, named_price, target_price, quantity,
    confidence_score, priority, context,
    case when status in ('PENDING', 'VIEWED') and expires_at < %(judged_at)s then 'EXPIRED' else status end as status,
    created_at, updated_at, expires_at, as_of, run_id, viewed_at, viewed_by, dismissed_at, dismissed_by, dismiss_reason,
    applied_at, applied_by
""")

# An index finds the open ones; the others are judged by their own status.
_SELECTED = """
    select id
    from {ops}.recommendations
    where
        case when status in ('PENDING', 'VIEWED') and expires_at < %(judged_at)s then 'EXPIRED' else status end
            = any(%(statuses)s)
        and (%(types)s::text[] is null or type = any(%(types)s))
        and (%(priorities)s::integer[] is null or priority = any(%(priorities)s))
        and (%(min_savings)s::numeric is null or estimated_savings >= %(min_savings)s)
        and (
            %(item)s::text is null
            or item_id::text = %(item)s
            or lower(context ->> 'item_name') = lower(%(item)s)
        )
        and (
            %(branch)s::text is null
            or exists (
                select 1
                from jsonb_each_text(context)
                where
                    (key like '%%branch_id' and value = %(branch)s)
                    or (key like '%%branch_name' and lower(value) = lower(%(branch)s))
            )
        )
        and (
            %(vendor)s::text is null
            or exists (
                select 1
                from jsonb_each_text(context)
                where
                    (key like '%%vendor_id' and value = %(vendor)s)
                    or (key like '%%vendor_name' and lower(value) = lower(%(vendor)s))
            )
        )
"""

_SAVINGS = """
    select
        rule_id, claim, item_id, vendor_id, invoice_id, paid_vendor_id, estimated_savings as savings,
        savings_basis as basis
    from {ops}.recommendations
    where id in ({selected})
"""

# The page first, from the few columns that order it; then what is told of its decisions.
_DECISIONS = """
    with selected as (
        select id, decision_key, expected_savings, priority
        from {ops}.recommendations
        where id in ({selected})
    ),

    decisions as (
        select
            decision_key, min(id) as first_id, sum(expected_savings) as expected_savings, min(priority) as most_urgent
        from selected
        group by decision_key
    ),

    judged as (
        select
            *,
            count(*) over () as decision_count,
            case
                when expected_savings is null then most_urgent
                when expected_savings >= %(critical_savings)s then 1
                when expected_savings >= %(high_savings)s then 2
                when expected_savings >= %(medium_savings)s then 3
                else 4
            end as priority
        from decisions
    ),

    page as (
        select *
        from judged
        order by priority, expected_savings desc nulls last, first_id
        limit %(limit)s
        offset least(%(skip)s, (select count(*) from decisions) - 1)
    ),

    members as (
        select
            selected.decision_key,
            array_agg(one.id order by one.id) as ids,
            sum(one.estimated_savings) as estimated_savings,
            min(one.confidence_score) as confidence_score,
            string_agg(
                distinct case
                    when one.status in ('PENDING', 'VIEWED') and one.expires_at < %(judged_at)s then 'EXPIRED'
                    else one.status
                end,
                ', '
            ) as status,
            max(one.created_at) as created_at,
            max(one.updated_at) as updated_at,
            max(one.expires_at) as expires_at,
            max(one.as_of) as as_of
        from page
        inner join selected on page.decision_key = selected.decision_key
        inner join {ops}.recommendations as one on selected.id = one.id
        group by selected.decision_key
    )

    select
        page.decision_key, example.rule_id, example.type, example.category, page.priority, members.estimated_savings,
        page.expected_savings, example.savings_basis, members.confidence_score,
        members.status, members.created_at, members.updated_at,
        members.expires_at, members.as_of, members.ids, page.decision_count,
        jsonb_build_object('title', example.title, 'context', example.context) as example
    from page
    inner join members on page.decision_key = members.decision_key
    inner join {ops}.recommendations as example on page.first_id = example.id
    order by page.priority, page.expected_savings desc nulls last, page.first_id
"""

_OF_DECISION = """
    select members.id
    from {ops}.recommendations as named
    inner join {ops}.recommendations as members using (decision_key)
    where
        named.id = %(id)s
        and (
            members.id = named.id
            or members.status in ('PENDING', 'VIEWED') and members.expires_at >= %(judged_at)s
        )
    order by members.priority, members.expected_savings desc nulls last, members.id
"""

_LIST = """
    select {columns}
    from {ops}.recommendations
    where
        id in ({selected})
        and (%(ids)s::bigint[] is null or id = any(%(ids)s))
        and (
            priority > %(after_priority)s
            or priority = %(after_priority)s
            and (
                expected_savings < %(after_expected_savings)s
                or expected_savings is null and %(after_expected_savings)s::numeric is not null
                or expected_savings is not distinct from %(after_expected_savings)s and id > %(after_id)s
            )
        )
    order by priority, expected_savings desc nulls last, id
    limit %(limit)s
"""

_KEYS = "select id, decision_key from {ops}.recommendations where id = any(%(ids)s)"

_NEWEST_EVENT = "select coalesce(max(id), 0) from {ops}.recommendation_events"

_LEFT_OUT = """
    select details -> 'rules_left_out'
    from {ops}.job_runs
    where job = %(job)s and published
    order by started_at desc
    limit 1
"""

# What ended, by how; of the expired, since when, and the run that did it last.
_ENDED = """
    with ended as (
        select
            id,
            case when status in ('PENDING', 'VIEWED') then 'EXPIRED' else status end as status,
            case when status = 'EXPIRED' then updated_at else expires_at end as ended_at
        from {ops}.recommendations
    )

    select
        ended.status,
        count(*) as number,
        min(ended.ended_at) as since,
        (array_agg(events.run_id order by events.id desc) filter (where events.run_id is not null))[1] as run_id
    from ended
    left join {ops}.recommendation_events as events
        on ended.id = events.recommendation_id and events.to_status = 'EXPIRED'
    group by ended.status
"""

_NAMED = """
    select distinct key like %(names)s, value
    from {ops}.recommendations, jsonb_each_text(context)
    where (key like %(names)s or key like %(ids)s) and value is not null
"""

_ONE = "select {columns} from {ops}.recommendations where id = %(id)s"

_EVENTS = """
    select occurred_at, actor, from_status, to_status, reason
    from {ops}.recommendation_events
    where recommendation_id = %(id)s
    order by id
"""
