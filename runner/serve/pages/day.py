"""The day: what is open, what was decided, what moved, and whether the machinery is well."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import dict_row

from runner.database.query import query
from runner.database.sources import exists
from runner.ops import runs
from runner.procurement.lifecycle import PUBLISHING_JOB
from runner.procurement.read import Filter, Listing, list_decisions, why_nothing_is_open
from runner.procurement.view import PRIORITIES, decision_id
from runner.serve.pages.operations import job_light, quality_light
from runner.serve.pages.page import Ask, Page
from runner.serve.pages.recommendations import PRIORITY_KINDS
from runner.settings import Settings
from runner.words import count, listing

DECISIONS = 5
MOVEMENTS = 3


def read_day(connection: psycopg.Connection, settings: Settings, _ask: Ask) -> Mapping[str, Any]:
    """What `/` shows."""
    newest = runs.newest_published(connection, settings, PUBLISHING_JOB)
    published = newest or runs.newest_published(connection, settings, "alignment")
    found = list_decisions(connection, settings, Filter(), DECISIONS) if newest else Listing()
    applied = list_decisions(connection, settings, Filter(statuses=("APPLIED",)), 1) if newest else Listing()
    today = datetime.now(settings.zone).date()
    return {
        "as_of": published.as_of if published else None,
        "days_old": (today - published.as_of).days if published else 0,
        "has_purchasing": newest is not None,
        "found": found,
        "applied": applied,
        "realised": _realised(connection, settings),
        "nothing": "" if found.count or newest is None else why_nothing_is_open(connection, settings),
        "changes": _changes(connection, settings),
        "movements": _movements(connection, settings),
        "jobs": job_light(connection, settings),
        "quality": quality_light(connection, settings),
        "priorities": PRIORITIES,
        "priority_kinds": PRIORITY_KINDS,
        "decision_id": decision_id,
    }


def _realised(connection: psycopg.Connection, settings: Settings) -> Decimal | None:
    """What applied recommendations about prices have brought so far; None where nothing can be told yet."""
    if not exists(connection, settings.schema("procurement"), "recommendation_adoption"):
        return None
    row = connection.execute(query(settings, _REALISED)).fetchone()
    return row[0] if row else None


def _changes(connection: psycopg.Connection, settings: Settings) -> list[str]:
    """What the newest run changed, and what people did since, in words."""
    with connection.cursor(row_factory=dict_row) as cursor:
        counts = {row["job"]: row["counts"] or {} for row in cursor.execute(query(settings, _COUNTS)).fetchall()}
        steps = cursor.execute(query(settings, _STEPS)).fetchall()
    of_run = counts.get(PUBLISHING_JOB, {})
    words = {"raised": "raised", "refreshed": "found again", "expired": "expired"}
    told = [f"{count(of_run[name], 'recommendation')} {word}" for name, word in words.items() if of_run.get(name)]
    if reports := counts.get("alignment", {}).get("reports"):
        told.append(f"{count(reports, 'dealer report')} made")
    names = {"APPLIED": "applied", "DISMISSED": "dismissed", "VIEWED": "seen"}
    since = [f"{step['number']:,} {names[step['to_status']]}" for step in steps]
    return [*told, *([f"{listing(since)} by people since then"] if since else [])]


def _movements(connection: psycopg.Connection, settings: Settings) -> list[dict[str, Any]]:
    """The collections whose trend moved most within 30 days; where there are none, items whose price did."""
    with connection.cursor(row_factory=dict_row) as cursor:
        for schema, mart, statement in (
            ("alignment", "trend_movements", _TRENDS),
            ("procurement", "price_movements", _PRICES),
        ):
            if exists(connection, settings.schema(schema), mart):
                found = cursor.execute(query(settings, statement), {"limit": MOVEMENTS}).fetchall()
                if found:
                    return found
    return []


_REALISED = "select sum(realised_effect) from {procurement}.recommendation_adoption"

_COUNTS = """
    select distinct on (job) job, details -> 'counts' as counts
    from {ops}.job_runs
    where published
    order by job, started_at desc
"""

_STEPS = """
    select to_status, count(*) as number
    from {ops}.recommendation_events
    where
        to_status in ('APPLIED', 'DISMISSED', 'VIEWED')
        and occurred_at > (select max(started_at) from {ops}.job_runs where published)
    group by to_status
    order by to_status
"""

_TRENDS = """
    select
        'collection' as kind, vendor_id, collection_name as name, movement, change_30_days as change,
        normalized_trend as now, normalized_trend_30_days_ago as before
    from {alignment}.trend_movements
    where movement in ('RISING', 'FALLING')
    order by abs(change_30_days) desc, collection_name collate "C", collection_id collate "C"
    limit %(limit)s
"""

_PRICES = """
    select
        'price' as kind, item_id, item_name as name, vendor_name, movement, change_30_days_pct / 100 as change,
        mean_price as now, mean_price_30_days_ago as before
    from {procurement}.price_movements
    where movement in ('RISING', 'FALLING')
    order by abs(change_30_days_pct) desc, item_name collate "C", item_id, vendor_id
    limit %(limit)s
"""

PAGES = (Page("/", "day.html", read_day),)
