"""A dealer's report as a person reads it in a terminal, within 100 columns."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from runner.alignment.read import Dealer, Report

WIDTH = 100
BAR = 20

GROUPS = (("keep", "green"), ("drop", "red"), ("add", "cyan"), ("shift", "magenta"))
NOUNS = {"shift": "product"}


def render(report: Report, dealer: Dealer) -> RenderableType:
    """Lay out a report: who, how well aligned, how influential, what to do, what the market likes."""
    data = report.data
    actions = data["recommendations"]
    return Group(
        *_headline(report, dealer),
        "",
        _scores(data),
        *(part for group, color in GROUPS for part in ("", *_actions(group, color, actions))),
        "",
        Text("The market's strongest collections", style="bold"),
        _market(data["marketSummary"]["topCollections"]),
        "",
        Text(_legend(data), style="dim"),
        *([Text(report.remark, style="yellow")] if report.remark else []),
    )


def _legend(data: Mapping[str, Any]) -> str:
    lines = ["Alignment: how much of what trends most the dealer carries."]
    strongest = data["marketSummary"]["topCollections"][:1]
    if strongest and strongest[0]["trendScore"] == 100:  # noqa: PLR2004 - less where hardly anything is selected yet
        lines.append("Trend: 100% is the vendor's strongest collection.")
    if data["recommendations"]["add"]:
        lines.append("Carried by: how many of the vendor's dealers carry the collection.")
    return "\n".join(lines)


def _headline(report: Report, dealer: Dealer) -> Sequence[RenderableType]:
    line = Table.grid(expand=True, padding=(0, 2))
    line.add_column(ratio=1, overflow="fold")
    line.add_column(justify="right", no_wrap=True)
    line.add_row(Text(dealer.name, style="bold"), Text(f"as of {report.as_of.day} {report.as_of:%B %Y}", style="dim"))
    kind = "" if dealer.dealer_type == "OTHER" else dealer.dealer_type.lower()
    about = (dealer.region, kind, f"vendor {report.data['vendorId']}")
    return line, Text(" · ".join(part for part in about if part), style="dim")


def _scores(data: Mapping[str, Any]) -> RenderableType:
    carried = data["currentState"]["collectionCount"]
    influence = data["influence"]
    lines = Table.grid(padding=(0, 2))
    lines.add_column()
    lines.add_column(justify="right")
    lines.add_column(width=BAR)
    lines.add_column(overflow="fold")
    confidence = f"{data['confidence']} confidence, carries {_count(carried, 'collection')}"
    lines.add_row(Text("Alignment", style="bold"), *_score(data["alignmentScore"], "bold magenta"), Text(confidence))
    trendsetter = "a trendsetter" if influence["isTrendsetter"] else ""
    lines.add_row(Text("Influence", style="bold"), *_score(influence["score"], "bold blue"), Text(trendsetter))
    for label, key in (
        ("  sales volume", "salesVolumeScore"),
        ("  display breadth", "displayBreadthScore"),
        ("  market participation", "marketParticipation"),
    ):
        lines.add_row(Text(label), *_score(influence[key], "blue"), "")
    return lines


def _score(score: int, style: str) -> tuple[Text, Text]:
    """A score of 0 to 100 as a number and a bar."""
    return Text(f"{score} of 100"), Text("█" * round(score * BAR / 100), style=style)


def _actions(group: str, color: str, actions: Mapping[str, Any]) -> Sequence[RenderableType]:
    entries = actions.get(group, [])  # a report of before there were shifts has none
    title = Text(group.upper(), style=f"bold {color}")
    if not entries:
        return [title.append(f"  nothing to {group}", style="not bold dim")]
    in_all = actions.get("counts", {}).get(group, {}).get("all", len(entries))
    shown = f"{len(entries)} of " if in_all > len(entries) else ""
    title.append(f"  {shown}{_count(in_all, NOUNS.get(group, 'collection'))}", style="not bold dim")
    width = len(str(len(entries)))
    return [
        title,
        *(Padding(_action(place, width, color, entry), (0, 0, 0, 2)) for place, entry in enumerate(entries, 1)),
    ]


def _action(place: int, width: int, color: str, entry: Mapping[str, Any]) -> RenderableType:
    lines = Table.grid(padding=(0, 2), expand=True)
    lines.add_column(justify="right", width=width)
    lines.add_column(ratio=1, overflow="fold")
    lines.add_column(justify="right", no_wrap=True)
    lines.add_column(width=6, no_wrap=True)
    inputs = entry["explanation"]["inputs"]
    lines.add_row(
        Text(str(place)),
        Text(entry.get("toProductName", entry["collectionName"]), style=f"bold {color}"),
        Text(_measure(entry["type"], inputs)),
        Text(entry["priority"], style="bold" if entry["priority"] == "high" else "dim"),
    )
    words = Text(f"{entry['reason']}\n").append(entry["metrics"], style="dim")
    return Group(lines, Padding(words, (0, 0, 0, width + 2)))


def _measure(action: str, inputs: Mapping[str, Any]) -> str:
    """What the order of the list goes by, as far as it is one number."""
    if action == "SHIFT":
        return f"{inputs['toPercent']}% against {inputs['fromPercent']}%"
    trend = f"{inputs['trendPercent']}%"
    return f"carried by {inputs['carryingDealerCount']:,} · {trend}" if action == "ADD" else trend


def _market(collections: Sequence[Mapping[str, Any]]) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=True)
    table.add_column("", justify="right", width=3)
    table.add_column("collection", ratio=1, overflow="fold")
    table.add_column("trend", justify="right")
    table.add_column("selections", justify="right")
    table.add_column("selecting dealers", justify="right")
    for place, collection in enumerate(collections, 1):
        table.add_row(
            str(place),
            Text(collection["collectionName"]),
            f"{collection['trendScore']}%",
            f"{collection['selectionCount']:,}",
            f"{collection['dealerCount']:,}",
        )
    return table


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
