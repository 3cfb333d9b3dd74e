"""Reads published recommendations: which there are, what they save together, and the whole story of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from runner.database.query import query
from runner.errors import FieldlabError
from runner.lookup import closest, either
from runner.procurement.findings import SavingsBasis
from runner.procurement.lifecycle import OPEN, clock
from runner.procurement.savings import Claim, total_savings
from runner.settings import Settings

TYPES = (
    "COST_OPTIMIZATION",
    "VENDOR_SWITCH",
    "CONSOLIDATION",
    "WASTE_PREVENTION",
    "RISK_ALERT",
    "SEASONAL_OPPORTUNITY",
    "INVENTORY_REORDER",
    "PRICE_NEGOTIATION",
)
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
        rows: The first of them: by priority, savings, newest first; columns as in the table.
        count: How many there are in all.
        totals: What all of them save together, overlaps counted once.
    """

    rows: Sequence[Mapping[str, Any]]
    count: int
    totals: Mapping[SavingsBasis, Decimal] = field(default_factory=dict)


def list_recommendations(
    connection: psycopg.Connection, settings: Settings, wanted: Filter, limit: int | None = None
) -> Listing:
    """Select recommendations.

    Args:
        connection: The warehouse.
        settings: Names the schema.
        wanted: Which ones.
        limit: At most this many rows; count and totals are of all.
    """
    bound = {**wanted.bound(), "judged_at": clock(connection, settings).judged_at}
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query(settings, _LIST, columns=_COLUMNS), bound).fetchall()
    claims = [
        Claim(
            row["rule_id"],
            row["context"].get("item_id"),
            row["context"].get("vendor_id"),
            row["estimated_savings"],
            row["savings_basis"],
        )
        for row in rows
        if row["estimated_savings"] is not None
    ]
    return Listing(rows[:limit], len(rows), total_savings(claims))


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
        FieldlabError: There is none with this id.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        bound = {"id": one, "judged_at": clock(connection, settings).judged_at}
        row = cursor.execute(query(settings, _ONE, columns=_COLUMNS), bound).fetchone()
        if row is None:
            raise FieldlabError(
                f"There is no recommendation {one}.", "`fieldlab recommendations list` shows the open ones."
            )
        return {**row, "events": cursor.execute(query(settings, _EVENTS), bound).fetchall()}


_COLUMNS = sql.SQL("""
    id, rule_id, type, category, fingerprint, title, description, reasoning, estimated_savings, savings_basis,
    confidence_score, priority, context,
    case when status in ('PENDING', 'VIEWED') and expires_at < %(judged_at)s then 'EXPIRED' else status end as status,
    created_at, updated_at, expires_at, as_of, run_id, viewed_at, viewed_by, dismissed_at, dismissed_by, dismiss_reason,
    applied_at, applied_by
""")

_LIST = """
    with judged as (
        select {columns}
        from {ops}.recommendations
    )

    select *
    from judged
    where
        status = any(%(statuses)s)
        and (%(types)s::text[] is null or type = any(%(types)s))
        and (%(priorities)s::integer[] is null or priority = any(%(priorities)s))
        and (%(min_savings)s::numeric is null or estimated_savings >= %(min_savings)s)
        and (
            %(item)s::text is null
            or context ->> 'item_id' = %(item)s
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
    order by priority, estimated_savings desc nulls last, created_at desc, id
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
