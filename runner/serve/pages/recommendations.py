"""The pages of the buyer: what could be decided, and everything about one of them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import psycopg

from runner.database.query import query
from runner.database.sources import exists
from runner.errors import NotFoundError
from runner.procurement.lifecycle import LONGEST_REASON, OPEN
from runner.procurement.lineage import Figure, figures, subjects
from runner.procurement.read import (
    RULES_BY_ID,
    STATUSES,
    TYPES,
    Filter,
    decision_title,
    ids_of_decision,
    list_decisions,
    list_recommendations,
    read_recommendation,
    rules_left_out,
    unknown_names,
    why_nothing_is_open,
)
from runner.procurement.view import PRIORITIES, decision_id, total_in_words
from runner.serve.pages.evidence import evidence
from runner.serve.pages.page import Ask, Page, Wanted, address
from runner.settings import Settings
from runner.words import Words, count, day, percent_of, quantity

PATH = "/recommendations"
FILTERS = ("status", "type", "priority", "branch", "item", "vendor", "min_savings")
ON_A_PAGE = 50
PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,5}")
MOST_SAVINGS = 10**15
# Kinds of ui.tag by priority and by status.
PRIORITY_KINDS = {1: "bad", 2: "warn", 3: "", 4: "", 5: ""}
STATUS_KINDS = {"PENDING": "", "VIEWED": "accent", "APPLIED": "good", "DISMISSED": "", "EXPIRED": ""}
TYPE_NAMES = {rule.type: rule.category for rule in RULES_BY_ID.values()}
# What the filter of the page offers, and the statuses it means.
STATUS_CHOICES: Mapping[str, Sequence[str]] = {
    "open": OPEN,
    **{status.lower(): (status,) for status in ("APPLIED", "DISMISSED", "EXPIRED")},
    "all": STATUSES,
}


@dataclass(frozen=True)
class Chosen:
    """What the filters of a page say.

    Attributes:
        wanted: Which recommendations they mean.
        problems: What of them cannot be read, in words; it is left out.
    """

    wanted: Filter
    problems: Sequence[str]


def chosen(ask: Ask) -> Chosen:
    """The filters of a query: type, status, priority (several of each), branch, item, vendor, min_savings."""
    problems: list[str] = []

    def known(name: str, choices: Iterable[str]) -> list[str]:
        given = ask.all(name)
        wrong = [value for value in given if value not in choices]
        problems.extend(f"There is no {name} “{value}”." for value in wrong)
        return [value for value in given if value in choices]

    statuses = [status for choice in known("status", STATUS_CHOICES) for status in STATUS_CHOICES[choice]]
    least = ask.one("min_savings")
    try:
        min_savings = Decimal(least.replace(",", "")) if least else None
    except InvalidOperation:
        min_savings = Decimal("nan")
    if min_savings is not None and not (min_savings.is_finite() and abs(min_savings) < MOST_SAVINGS):
        problems.append(f"“{least}” is not an amount; write it as 1000 or 99.50.")
        min_savings = None
    wanted = Filter(
        statuses=statuses or OPEN,
        types=known("type", TYPES),
        priorities=[int(value) for value in known("priority", [str(one) for one in PRIORITIES])],
        branch=ask.one("branch") or None,
        item=ask.one("item") or None,
        vendor=ask.one("vendor") or None,
        min_savings=min_savings,
    )
    return Chosen(wanted, problems)


def read_list(connection: psycopg.Connection, settings: Settings, ask: Ask) -> Mapping[str, Any]:
    """What `/recommendations` shows: decisions, the most urgent first, a page of them at a time."""
    selection = chosen(ask)
    number = int(ask.one("page")) if PAGE_NUMBER.fullmatch(ask.one("page")) else 1
    limit = None if ask.whole else ON_A_PAGE
    skip = (number - 1) * ON_A_PAGE
    found = list_decisions(connection, settings, selection.wanted, limit, skip if limit else 0)
    problems = list(selection.problems)
    filters = {name: list(ask.all(name)) for name in FILTERS if ask.all(name)}
    is_filtered = any(filters.values())
    nothing = ""
    if not found.count:
        problems += unknown_names(connection, settings, selection.wanted)
        nothing = "Nothing matches these filters." if is_filtered else why_nothing_is_open(connection, settings)
    last = min(skip + len(found.decisions), found.decision_count)
    return {
        "found": replace(found, decisions=[_judged(decision) for decision in found.decisions]),
        "totals": total_in_words(found.totals, Words(settings.currency)) if found.totals else "",
        "nothing": nothing,
        "problems": problems,
        "left_out": rules_left_out(connection, settings),
        "filters": filters,
        "is_filtered": is_filtered,
        "asked": ask,
        "first": skip + 1,
        "last": last,
        "page": number,
        "has_more": last < found.decision_count,
        "names": _names(connection, settings),
        "types": {kind: TYPE_NAMES[kind] for kind in TYPES},
        "status_choices": list(STATUS_CHOICES),
        "done": done_in_words(ask),
        "here": address(PATH, **filters),
        **SHOWING,
    }


def read_one(connection: psycopg.Connection, settings: Settings, ask: Ask) -> Mapping[str, Any]:
    """What `/recommendations/12` shows, and `/recommendations/D12`: the open ones that are decided with it.

    Raises:
        NotFoundError: There is no such recommendation.
    """
    number = ask.key.removeprefix("D").removeprefix("d")
    if not (number.isascii() and number.isdigit() and len(number) <= MOST_DIGITS):
        raise NotFoundError(f"There is no recommendation “{ask.key}”.", "The list shows the open ones.")
    one = read_recommendation(connection, settings, int(number))
    members = _members(connection, settings, int(number)) if ask.key != number else []
    rule = RULES_BY_ID.get(one["rule_id"])
    example = {"title": one["title"], "context": one["context"]}
    of_decision = ids_of_decision(connection, settings, int(number))
    return {
        "one": one,
        "members": members if len(members) > 1 else [],
        "title": decision_title(one["rule_id"], example, len(members)),
        "decided_with": len(of_decision) - 1,
        "decision": f"D{number}",
        "chart": evidence(connection, settings, one["rule_id"], one["context"]),
        "subjects": subjects(one["context"]),
        "figures": shown(figures(rule, one["context"]), Words(settings.currency)) if rule else [],
        # It expires at 24:00 of that day.
        "last_day": one["expires_at"].astimezone(settings.zone).date() - timedelta(days=1),
        "done": done_in_words(ask),
        "here": address(PATH, ask.key),
        **SHOWING,
    }


def _judged(decision: Mapping[str, Any]) -> Mapping[str, Any]:
    """A decision with `is_open` and its `confidence` as a whole: the part of the savings that is expected."""
    saves, expected = decision["estimated_savings"], decision["expected_savings"]
    is_open = set(decision["status"].split(", ")) <= set(OPEN)
    return {**decision, "confidence": expected / saves if saves else decision["confidence_score"], "is_open": is_open}


SHOWING: Mapping[str, Any] = {
    "priorities": PRIORITIES,
    "priority_kinds": PRIORITY_KINDS,
    "status_kinds": STATUS_KINDS,
    "open_statuses": OPEN,
    "decision_id": decision_id,
    "longest_reason": LONGEST_REASON,
    "may_act": False,
    "refused": (),
}
"""What both templates need to show a recommendation and to let people act on it."""

MOST_DIGITS = 18


def done_in_words(ask: Ask) -> str:
    """What a form has just done, as the address it led to says; empty where it says nothing."""
    number = ask.one("number")
    if ask.one("done") == "NOTHING":
        return "Nothing was chosen, so nothing was changed."
    if ask.one("done") not in {"VIEWED", "DISMISSED", "APPLIED"} or not (number.isascii() and number.isdigit()):
        return ""
    verb = {"VIEWED": "marked as seen", "DISMISSED": "dismissed", "APPLIED": "applied"}[ask.one("done")]
    if number == "0":
        return f"Nothing to do: already {verb}."
    return f"{count(int(number[:6]), 'recommendation')} {verb}."


def refusals(connection: psycopg.Connection, settings: Settings, ids: Sequence[int]) -> list[str]:
    """Who did what with those of some recommendations that are no longer open; nothing is said about the others."""
    told = []
    for row in list_recommendations(connection, settings, Filter(statuses=STATUSES), ids):
        if row["status"] in OPEN:
            continue
        whole = read_recommendation(connection, settings, row["id"])
        told.append(f"{row['title']}: {_fate(whole, settings)}")
    return told


def _fate(row: Mapping[str, Any], settings: Settings) -> str:
    """How a recommendation ended."""
    ended = [event for event in row["events"] if event["to_status"] == row["status"]]
    if not ended or row["status"] == "EXPIRED":
        return "it has expired."
    event = ended[-1]
    local = event["occurred_at"].astimezone(settings.zone)
    reason = f" “{event['reason']}”" if event["reason"] else ""
    return f"{event['actor']} {row['status'].lower()} it on {day(local.date())} at {local:%H:%M %Z}.{reason}"


def shown(found: Sequence[Figure], words: Words) -> list[Figure]:
    """Figures with their values as people write them."""
    return [replace(figure, value=_written(figure, words)) for figure in found]


def _written(figure: Figure, words: Words) -> str:
    value = figure.value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        number = Decimal(str(value))
        if figure.is_share:
            return percent_of(number)
        return words.price(number) if figure.is_money else quantity(number)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    try:
        return day(date.fromisoformat(value or ""))
    except ValueError:
        return value or "none"


def _members(connection: psycopg.Connection, settings: Settings, one: int) -> list[dict[str, Any]]:
    ids = ids_of_decision(connection, settings, one)
    return list_recommendations(connection, settings, Filter(statuses=STATUSES), ids)


def _names(connection: psycopg.Connection, settings: Settings) -> Mapping[str, Sequence[str]]:
    """Names of branches and vendors, to choose from; none before the marts are built."""
    if not exists(connection, settings.schema("procurement"), "vendors"):
        return {"branches": (), "vendors": ()}
    branches = connection.execute(query(settings, _BRANCHES)).fetchall()
    vendors = connection.execute(query(settings, _VENDORS)).fetchall()
    return {"branches": [name for (name,) in branches], "vendors": [name for (name,) in vendors]}


def _listed(connection: psycopg.Connection, settings: Settings, _wanted: Wanted) -> Iterable[Ask]:
    """A page for each open recommendation, and for each decision of several."""
    found = list_decisions(connection, settings, Filter())
    for decision in found.decisions:
        if decision["count"] > 1:
            yield Ask(decision_id(decision))
        for one in decision["ids"]:
            yield Ask(str(one))


_BRANCHES = """
    select distinct branch_name
    from {procurement}.branches
    where branch_name is not null
    order by branch_name
"""

_VENDORS = """
    select distinct vendor_name
    from {procurement}.vendors
    where vendor_name is not null
    order by vendor_name
"""

PAGES = (
    Page(PATH, "recommendations.html", read_list, lambda *_: (Ask(whole=True),)),
    Page(f"{PATH}/{{key}}", "recommendation.html", read_one, _listed),
)
