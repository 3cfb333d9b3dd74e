"""Recommendations as a person reads them in a terminal, within 100 columns."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from runner.procurement.findings import SavingsBasis
from runner.procurement.read import Listing
from runner.words import Words, count, day, percent_of

PRIORITIES = {1: "critical", 2: "high", 3: "medium", 4: "low", 5: "note"}
STYLES = {1: "bold red", 2: "yellow", 3: "", 4: "dim", 5: "dim"}


def render_list(
    found: Listing,
    words: Words,
    *,
    members: Sequence[Mapping[str, Any]] = (),
    more: str = " (--limit)",
    nothing: str = "Nothing matches.",
    left_out: Mapping[str, str] | None = None,
) -> RenderableType:
    """A table of decisions and what they save together.

    Args:
        found: The decisions.
        words: How money is written.
        members: Recommendations to show below the decision they belong to.
        more: How to see those left out.
        nothing: What to say when there are none.
        left_out: The rules that could not be asked, and why.
    """
    unasked = [Text(f"{rule} was left out: {reason}.", style="dim") for rule, reason in (left_out or {}).items()]
    if not found.count:
        return Group(Text(nothing), *unasked)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("id", justify="right", no_wrap=True)
    table.add_column("priority", no_wrap=True)
    table.add_column("what to do", ratio=1, overflow="fold")
    table.add_column("saves", justify="right", no_wrap=True)
    table.add_column("expected", justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    for decision in found.decisions:
        table.add_row(*_line(decision, decision_id(decision), words))
        if decision["count"] > 1:
            for row in members:
                if row["decision_key"] == decision["decision_key"]:
                    table.add_row(*_line(row, str(row["id"]), words, indent="  "), style="dim")
    shown = (
        "" if len(found.decisions) == found.decision_count else f"; the first {len(found.decisions):,} are shown{more}"
    )
    totals = total_in_words(found.totals, words)
    together = f" Together: {totals}." if totals else ""
    whole = count(found.decision_count, "decision")
    if found.decision_count != found.count:
        whole += f" from {count(found.count, 'recommendation')}"
    remarks = []
    if totals:
        remarks.append(Text("Expected: savings × confidence. Savings that overlap are counted once.", style="dim"))
    return Group(table, "", Text(f"{whole}{shown}.{together}", style="bold"), *remarks, *unasked)


def decision_id(decision: Mapping[str, Any]) -> str:
    """What a person types for a decision: a recommendation's id, or D and the first one's where there are several."""
    return f"D{decision['ids'][0]}" if decision["count"] > 1 else str(decision["ids"][0])


def _line(row: Mapping[str, Any], name: str, words: Words, indent: str = "") -> tuple[RenderableType, ...]:
    expected = row["expected_savings"]
    return (
        name,
        Text(PRIORITIES[row["priority"]], style=STYLES[row["priority"]]),
        Text(f"{indent}{row['title']}"),
        _savings(row, words),
        "" if expected is None else words.amount(expected),
        row["status"].lower(),
    )


def total_in_words(totals: Mapping[SavingsBasis, Decimal], words: Words) -> str:
    """What is saved a year and once; empty when nothing is."""
    parts: tuple[tuple[SavingsBasis, str], ...] = (("year", "a year"), ("once", "once"))
    return ", ".join(f"{words.amount(totals[basis])} {text}" for basis, text in parts if totals[basis])


def _savings(row: Mapping[str, Any], words: Words) -> str:
    if row["estimated_savings"] is None:
        return ""
    per = " a year" if row["savings_basis"] == "year" else " once"
    return f"{words.amount(row['estimated_savings'])}{per}"


def render_one(row: Mapping[str, Any], words: Words, zone: ZoneInfo) -> RenderableType:
    """One recommendation: what to do, why, the numbers behind it, what happened to it.

    Args:
        row: The recommendation with its events.
        words: How money is written.
        zone: The business time zone, in which moments are shown.
    """
    last_day = row["expires_at"].astimezone(zone).date() - timedelta(days=1)  # it expires at 24:00 of that day
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    facts.add_row("priority", f"{row['priority']} ({PRIORITIES[row['priority']]})")
    if row["estimated_savings"] is not None:
        facts.add_row("saves", _savings(row, words))
        facts.add_row("expected", f"{words.amount(row['expected_savings'])} (savings × confidence)")
    facts.add_row("confidence", percent_of(row["confidence_score"]))
    facts.add_row("status", row["status"].lower())
    facts.add_row("as of", day(row["as_of"]))
    facts.add_row("good until", day(last_day))
    return Group(
        Text(row["title"], style="bold"),
        Text(f"{row['category']} · number {row['id']}", style="dim"),
        "",
        Text(row["description"]),
        "",
        Text(row["reasoning"]),
        "",
        facts,
        "",
        Text("The numbers behind it", style="bold"),
        Padding(_numbers(row["context"]), (0, 0, 0, 2)),
        "",
        Text("What happened", style="bold"),
        Padding(_events(row, zone), (0, 0, 0, 2)),
    )


def _numbers(context: Mapping[str, Any]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in sorted(context.items()):
        table.add_row(name.replace("_", " "), _plain(value))
    return table


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return str(value)


def _events(row: Mapping[str, Any], zone: ZoneInfo) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(_moment(row["created_at"], zone), "raised")
    events: Sequence[Mapping[str, Any]] = row["events"]
    for event in events:
        reason = f": {event['reason']}" if event["reason"] else ""
        table.add_row(_moment(event["occurred_at"], zone), f"{event['to_status'].lower()} by {event['actor']}{reason}")
    return table


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{day(local.date())}, {local:%H:%M %Z}"
