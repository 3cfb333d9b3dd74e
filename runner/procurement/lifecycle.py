"""The life of a procurement recommendation: raised, refreshed, viewed, dismissed or applied, expired.

PENDING → VIEWED → DISMISSED or APPLIED, the last two from PENDING as well; PENDING or VIEWED → EXPIRED, and back when
the publication that let it expire is rolled back (`put_back`). Every step appends to `recommendation_events` in the
same transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from runner.as_json import dumps
from runner.database.query import query
from runner.errors import FieldlabError, NotFoundError, RefusedError
from runner.ops import events, previous, runs
from runner.ops.runs import Run
from runner.procurement.findings import Finding
from runner.settings import Settings
from runner.words import count

OPEN = ("PENDING", "VIEWED")
RUNNER = "fieldlab"  # the actor of what no person decided
PUBLISHING_JOB = "recommendations"
LONGEST_REASON = 500

# The columns that a run brings up to date when it finds a recommendation again.
CONTENT = (
    *("type", "category", "title", "description", "reasoning", "decision_key", "estimated_savings"),
    *("expected_savings", "savings_basis", "claim", "paid_vendor_id", "named_price", "target_price", "quantity"),
    *("confidence_score", "priority", "context", "expires_at"),
)


class Action(Enum):
    """What a person can do with an open recommendation."""

    VIEW = "VIEWED"
    DISMISS = "DISMISSED"
    APPLY = "APPLIED"

    @property
    def status(self) -> str:
        """The status it leads to."""
        return self.value


@dataclass(frozen=True)
class Clock:
    """What time it is for recommendations.

    Attributes:
        now: The clock's time, written on everything.
        judged_at: What has expired is judged by: the clock, or the end of a past as-of date.
        today: The date that counts as today.
    """

    now: datetime
    judged_at: datetime
    today: date


def clock(connection: psycopg.Connection, settings: Settings) -> Clock:
    """The time as the newest published run has it.

    Expiry is judged by the clock, or, when that run was given an as-of date in the past, as of the end of that day.
    """
    newest = runs.newest_published(connection, settings, PUBLISHING_JOB)
    if newest is None:
        return _clock(settings, None)
    return _clock(settings, newest.as_of if newest.explicit_as_of else None)


def _clock(settings: Settings, given: date | None) -> Clock:
    now = datetime.now(UTC)
    today = now.astimezone(settings.zone).date()
    if given is not None and given < today:
        return Clock(now, end_of_day(settings, given), given)
    return Clock(now, now, today)


def end_of_day(settings: Settings, day: date) -> datetime:
    """24:00 of a day in the business time zone."""
    return datetime.combine(day + timedelta(days=1), time(), settings.zone)


def publish_findings(
    connection: psycopg.Connection,
    settings: Settings,
    run: Run,
    found: Sequence[Finding],
    *,
    quiet_days: int,
    failed_rules: Collection[str] = (),
) -> dict[str, int]:
    """Make the open recommendations what a run found, in one transaction.

    What is open and was found again is refreshed, its status kept; what is new is raised, unless it was dismissed or
    applied in the last `quiet_days` days, or at all where it is about one invoice; what is open and was not found again
    expires, except for rules that failed.

    Args:
        connection: The warehouse, in autocommit mode.
        settings: Names the schema and the business time zone.
        run: Goes into every row it writes.
        found: What the rules found.
        quiet_days: How long a decided recommendation is not raised again.
        failed_rules: Rules that failed: nothing is known about what they found before.

    Returns:
        How many were found, raised, refreshed, left quiet and expired.
    """
    time_of_run = _clock(settings, run.as_of if run.explicit_as_of else None)
    bound = {
        "now": time_of_run.now,
        "judged_at": time_of_run.judged_at,
        "as_of": run.as_of,
        "run_id": run.run_id,
        "quiet": timedelta(days=quiet_days),
        "quiet_days": quiet_days,
        "failed_rules": list(failed_rules),
        "actor": RUNNER,
    }
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(query(settings, LOCK))
        previous.keep(connection, settings, run, PUBLISHING_JOB)
        expired = cursor.execute(query(settings, EXPIRE, **_BY_TIME), bound).rowcount
        cursor.execute(query(settings, _FOUND))
        with cursor.copy(query(settings, _COPY_FOUND)) as copy:
            for finding in found:
                copy.write_row(_row(finding, settings))
        refreshed = cursor.execute(query(settings, _REFRESH, content=content_of("found")), bound).rowcount
        raised = cursor.execute(query(settings, _RAISE), bound).rowcount
        gone = cursor.execute(query(settings, EXPIRE, **_NOT_FOUND), bound).rowcount
        runs.mark_published(connection, settings, run, PUBLISHING_JOB)
    return {
        "recommendations": len(found),
        "raised": raised,
        "refreshed": refreshed,
        "quiet": len(found) - raised - refreshed,
        "expired": expired + gone,
    }


def content_of(source: str) -> sql.Composable:
    """What a publication writes into a row that is open already, taken from the same columns of another relation."""
    pairs = (sql.SQL("{} = {}").format(sql.Identifier(name), sql.Identifier(source, name)) for name in CONTENT)
    return sql.SQL(", ").join(pairs)


def _row(finding: Finding, settings: Settings) -> tuple[object, ...]:
    context = {**finding.subject.ids(), **finding.context}
    return (
        finding.rule.rule_id,
        finding.rule.type,
        finding.rule.category,
        finding.fingerprint,
        finding.subject.item_id,
        finding.subject.vendor_id,
        finding.subject.branch_id,
        finding.subject.invoice_id,
        finding.title,
        finding.description,
        finding.reasoning,
        finding.decision_key,
        finding.savings,
        finding.expected_savings,
        finding.savings_basis,
        finding.rule.claim or None,
        finding.paid_vendor_id,
        finding.named_price,
        finding.target_price,
        finding.quantity,
        finding.confidence,
        finding.priority,
        Jsonb(context, dumps=dumps),
        end_of_day(settings, finding.expires_on),
    )


def expire(connection: psycopg.Connection, settings: Settings) -> int:
    """Mark every open recommendation whose time has passed as EXPIRED.

    Returns:
        How many there were.
    """
    time_now = clock(connection, settings)
    bound = {
        "now": time_now.now,
        "judged_at": time_now.judged_at,
        "as_of": time_now.today,
        "actor": RUNNER,
        "run_id": None,
    }
    with connection.transaction():
        return connection.execute(query(settings, EXPIRE, **_BY_TIME), bound).rowcount


def take_step(
    connection: psycopg.Connection,
    settings: Settings,
    ids: Sequence[int],
    action: Action,
    *,
    by: str,
    reason: str | None = None,
    decisions: Sequence[str] = (),
) -> list[int]:
    """View, dismiss or apply recommendations and decisions: all of them or, when one is refused, none.

    Args:
        connection: The warehouse.
        settings: Names the schema and the business time zone.
        ids: Which recommendations.
        action: What is done with them.
        by: Who does it.
        reason: Why it is dismissed, at most 500 characters.
        decisions: Keys of decisions: each means its open recommendations.

    Returns:
        The ids whose status changed: viewing again changes nothing.

    Raises:
        NotFoundError: A recommendation or decision is unknown; all of them are named.
        RefusedError: A status does not allow the step, or nothing of a decision is open; all of them are named.
        FieldlabError: Nobody is named who does it, or the reason is too long.
    """
    by = by.strip()
    if not by:
        raise FieldlabError("Nobody is named who does this.", "Say who with --by NAME.")
    if reason is not None and len(reason) > LONGEST_REASON:
        raise FieldlabError(
            f"The reason has {len(reason)} characters; {LONGEST_REASON} are the most.", "Say it in fewer words."
        )
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(query(settings, _LOCK_STEP))
        time_now = clock(connection, settings)
        wanted = sorted({*ids, *_members(cursor, settings, decisions, time_now)})
        rows = cursor.execute(query(settings, _LOCK_ROWS), {"ids": wanted, "judged_at": time_now.judged_at}).fetchall()
        _refuse(wanted, rows, action)
        changing = [row["id"] for row in rows if row["current_status"] != action.status]
        bound = {
            "ids": changing,
            "status": action.status,
            "now": time_now.now,
            "today": time_now.today,
            "actor": by,
            "reason": reason,
        }
        cursor.execute(query(settings, _STEP), bound)
        for recommendation in changing:
            events.notify(connection, f"RECOMMENDATION_{action.status}", {"id": recommendation, "by": by})
    return changing


def _members(
    cursor: psycopg.Cursor[dict[str, Any]], settings: Settings, decisions: Sequence[str], time_now: Clock
) -> list[int]:
    """The open recommendations of decisions."""
    if not decisions:
        return []
    bound = {"keys": list(decisions), "judged_at": time_now.judged_at}
    rows = cursor.execute(query(settings, _MEMBERS), bound).fetchall()
    closed = sorted(set(decisions) - {row["decision_key"] for row in rows})
    if closed:
        statuses = cursor.execute(query(settings, _STATUSES), bound | {"keys": closed}).fetchall()
        unknown = sorted(set(closed) - {row["decision_key"] for row in statuses})
        if unknown:
            raise NotFoundError(
                "\n".join(f"There is no decision {key}." for key in unknown),
                "`fieldlab recommendations list --json` shows their keys.",
            )
        raise RefusedError(
            f"Nothing of {count(len(closed), 'decision')} is open.",
            "`fieldlab recommendations list` shows what is.",
            {"statuses": {str(row["id"]): row["current_status"] for row in statuses}},
        )
    return [row["id"] for row in rows]


def _refuse(wanted: Sequence[int], rows: Sequence[Mapping[str, Any]], action: Action) -> None:
    """Raise when a row is missing or its status does not allow the step."""
    there = {row["id"]: row["current_status"] for row in rows}
    missing = [f"There is no recommendation {one}." for one in wanted if one not in there]
    closed = {str(one): status for one, status in there.items() if status not in OPEN}
    done = action.status.lower()
    refused = [f"Recommendation {one} is {is_now}: it cannot be {done}." for one, is_now in closed.items()]
    words, hint = "\n".join(missing + refused), "" if len(wanted) == 1 else "None of them was changed."
    if missing:
        raise NotFoundError(words, hint)
    if refused:
        raise RefusedError(words, hint, {"step": action.name.lower(), "statuses": closed})


# Two publishers, or a publisher and a person deciding, take turns; readers are not held up.
LOCK = "lock table {ops}.recommendations in share row exclusive mode"

# Before a row is locked: a publisher that has the table and waits for the row would never get it.
_LOCK_STEP = "lock table {ops}.recommendations in row exclusive mode"

_FOUND = """
    create temporary table found (
        rule_id text, type text, category text, fingerprint text primary key, item_id integer, vendor_id integer,
        branch_id integer, invoice_id integer, title text, description text, reasoning text, decision_key text,
        estimated_savings numeric, expected_savings numeric, savings_basis text, claim text, paid_vendor_id integer,
        named_price numeric, target_price numeric, quantity numeric, confidence_score numeric,
        priority integer, context jsonb, expires_at timestamp with time zone
    ) on commit drop
"""

_COPY_FOUND = "copy found from stdin"

EXPIRE = """
    with closing as (
        select id, status
        from {ops}.recommendations as recommendations
        where status in ('PENDING', 'VIEWED') and {is_over}
        order by id
        for update
    ),

    expired as (
        update {ops}.recommendations as recommendations
        set status = 'EXPIRED', updated_at = %(now)s
        from closing
        where recommendations.id = closing.id
    )

    insert into {ops}.recommendation_events (
        recommendation_id, occurred_at, as_of, actor, from_status, to_status, run_id, reason
    )
    select id, %(now)s, %(as_of)s, %(actor)s, status, 'EXPIRED', %(run_id)s, {reason}
    from closing
    order by id
"""

_BY_TIME = {"is_over": sql.SQL("expires_at < %(judged_at)s"), "reason": sql.Literal("its time has passed")}

_NOT_FOUND = {
    "is_over": sql.SQL(
        "rule_id <> all(%(failed_rules)s)"
        " and not exists (select from found where found.fingerprint = recommendations.fingerprint)"
    ),
    "reason": sql.Literal("no longer applies"),
}

_REFRESH = """
    update {ops}.recommendations as recommendations
    set
        {content},
        updated_at = %(now)s, as_of = %(as_of)s, run_id = %(run_id)s
    from found
    where
        recommendations.fingerprint = found.fingerprint
        and recommendations.status in ('PENDING', 'VIEWED')
"""

# Quiet for this many days by the clock and by the as-of dates alike: runs over a past period move the second only.
_RAISE = """
    insert into {ops}.recommendations (
        rule_id, type, category, fingerprint, item_id, vendor_id, branch_id, invoice_id, title, description, reasoning,
        decision_key, estimated_savings, expected_savings, savings_basis, claim, paid_vendor_id, named_price,
        target_price, quantity, confidence_score, priority, context, created_at, updated_at, expires_at,
        as_of, raised_as_of, run_id
    )
    select
        rule_id, type, category, fingerprint, item_id, vendor_id, branch_id, invoice_id, title, description, reasoning,
        decision_key, estimated_savings, expected_savings, savings_basis, claim, paid_vendor_id, named_price,
        target_price, quantity, confidence_score, priority, context, %(now)s, %(now)s, expires_at,
        %(as_of)s, %(as_of)s, %(run_id)s
    from found
    where
        not exists (
            select 1
            from {ops}.recommendations as known
            where
                known.fingerprint = found.fingerprint
                and (
                    known.status in ('PENDING', 'VIEWED')
                    or known.status in ('DISMISSED', 'APPLIED')
                    and (
                        found.invoice_id is not null
                        or coalesce(known.applied_at, known.dismissed_at) + %(quiet)s > %(now)s
                        and known.decided_as_of + %(quiet_days)s > %(as_of)s
                    )
                )
        )
    order by priority, expected_savings desc nulls last, rule_id, fingerprint
"""

_MEMBERS = """
    select id, decision_key
    from {ops}.recommendations
    where
        decision_key = any(%(keys)s)
        and status in ('PENDING', 'VIEWED')
        and expires_at >= %(judged_at)s
    order by id
"""

_STATUSES = """
    select
        id,
        decision_key,
        case when status in ('PENDING', 'VIEWED') then 'EXPIRED' else status end as current_status
    from {ops}.recommendations
    where decision_key = any(%(keys)s)
    order by id
"""

_LOCK_ROWS = """
    select
        id,
        case
            when status in ('PENDING', 'VIEWED') and expires_at < %(judged_at)s then 'EXPIRED'
            else status
        end as current_status
    from {ops}.recommendations
    where id = any(%(ids)s)
    order by id
    for update
"""

_STEP = """
    with before as (
        select id, status
        from {ops}.recommendations
        where id = any(%(ids)s)
    ),

    stepped as (
        update {ops}.recommendations
        set
            status = %(status)s,
            updated_at = %(now)s,
            viewed_at = case when %(status)s = 'VIEWED' then %(now)s else viewed_at end,
            viewed_by = case when %(status)s = 'VIEWED' then %(actor)s else viewed_by end,
            dismissed_at = case when %(status)s = 'DISMISSED' then %(now)s end,
            dismissed_by = case when %(status)s = 'DISMISSED' then %(actor)s end,
            dismiss_reason = case when %(status)s = 'DISMISSED' then %(reason)s::text end,
            applied_at = case when %(status)s = 'APPLIED' then %(now)s end,
            applied_by = case when %(status)s = 'APPLIED' then %(actor)s end,
            decided_as_of = case when %(status)s <> 'VIEWED' then %(today)s end
        where id = any(%(ids)s)
    )

    insert into {ops}.recommendation_events (
        recommendation_id, occurred_at, as_of, actor, from_status, to_status, reason
    )
    select id, %(now)s, %(today)s, %(actor)s, status, %(status)s, %(reason)s::text
    from before
    order by id
"""
