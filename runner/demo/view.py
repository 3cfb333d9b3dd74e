"""The demo's summary as a person reads it in a terminal, within 100 columns."""

from collections.abc import Sequence

from rich.console import Group, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from runner.alignment.view import render as render_report
from runner.demo.run import DemoReport
from runner.demo.summary import Collection, Influence, Summary
from runner.procurement.view import render_list
from runner.rules.registry import PROCUREMENT_RULES
from runner.words import Words

WIDTH = 100
RULE_IDS = frozenset(rule.rule_id for rule in PROCUREMENT_RULES)


def render(done: DemoReport, summary: Summary, words: Words) -> RenderableType:
    """Lay out the demo: what was loaded and computed, the market, one dealer's report, what to buy better.

    Args:
        done: What the demo did.
        summary: What it came to.
        words: How money is written.
    """
    return Group(
        *_section("What was loaded", _loaded(done)),
        *_section("What was computed", _steps(done)),
        *_section(f"Most influential dealers of {summary.brand}", _dealers(summary.dealers)),
        *_section("Strongest collections of each vendor", _collections(summary.collections)),
        *_section("What moved in the last 30 days", _movements(summary)),
        *_section("One dealer's report", render_report(summary.report, summary.dealer)),
        *_section("What the restaurants' buyer should do first", render_list(summary.purchasing, words, more="")),
    )


def render_next(commands: Sequence[tuple[str, str]], remark: str) -> Text:
    """What to type next. To be printed without wrapping: a command has to stay on one line.

    Args:
        commands: Each with what it shows.
        remark: What to know before typing them, if anything.
    """
    text = Text("\nWhat to type next\n", style="bold")
    for command, what in commands:
        text.append(f"\n  # {what}\n", style="not bold dim").append(f"  {command}\n")
    return text.append(f"\n  {remark}\n", style="not bold yellow") if remark else text


def _section(title: str, body: RenderableType) -> tuple[RenderableType, ...]:
    return "", Rule(Text(title, style="bold"), align="left", style="dim"), Padding(body, (0, 0, 0, 2))


def _loaded(done: DemoReport) -> RenderableType:
    rows = done.rows
    return Group(
        Text(
            f"Home furnishings: {rows['Dealer']:,} dealers, {rows['Product']:,} products in "
            f"{rows['Collection']:,} collections; {rows['Selection']:,} selections, "
            f"{rows['DisplayRecord']:,} displays, {rows['DealerSale']:,} sales."
        ),
        Text(
            f"Restaurants: {rows['Branch']:,} branches, {rows['Item']:,} items, {rows['Vendor']:,} vendors; "
            f"{rows['Invoice']:,} invoices with {rows['InvoiceItem']:,} lines, {rows['PurchaseOrder']:,} orders."
        ),
        Text(f"Into {done.place}.", style="dim"),
    )


def _steps(done: DemoReport) -> RenderableType:
    nodes = done.report.nodes
    tests = sum(node.kind == "test" for node in nodes)
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, expand=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    rows = sum(done.rows.values())
    table.add_row("Generate", f"{len(done.rows)} files", _seconds(done.seconds["generate"]))
    table.add_row("Load", f"{rows:,} rows, every value checked", _seconds(done.seconds["load"]))
    table.add_row(
        "Look back", "influence, trends and prices at the month ends before", _seconds(done.seconds["history"])
    )
    built = f"{len(nodes) - tests} models, seeds and snapshots, {tests} data tests"
    table.add_row("Run", built, _seconds(done.seconds["run"]))
    for item in done.report.jobs:
        counts = item.end.details.get("counts", {})
        what = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count and name not in RULE_IDS)
        if not what and item.end.rows is not None:
            what = f"{item.end.rows:,} rows"
        label, seconds = f"  {item.job.name}", _seconds(item.end.seconds or 0)
        table.add_row(Text(label, style="dim"), Text(what, style="dim"), Text(seconds, style="dim"))
    note = Text("The work of a job includes the models it shares with others.", style="dim")
    return Group(table, note)


def _dealers(dealers: Sequence[Influence]) -> RenderableType:
    table = _table("", "dealer", "region", ">influence", ">sales a year", "", wraps="dealer")
    for dealer in dealers:
        table.add_row(
            str(dealer.rank),
            Text(dealer.name),
            Text(dealer.region or "no region"),
            Text(str(dealer.score), style="bold blue"),
            f"{dealer.annual_sales:,.0f}",
            Text("★ trendsetter" if dealer.is_trendsetter else "", style="yellow"),
        )
    return table


def _collections(collections: Sequence[Collection]) -> RenderableType:
    table = _table(
        "vendor", "", "collection", ">trend", ">dealers who selected it", ">who display it", wraps="collection"
    )
    for collection in collections:
        table.add_row(
            Text(collection.vendor_id),
            str(collection.rank),
            Text(collection.name),
            Text(f"{collection.trend:.0%}", style="bold magenta"),
            f"{collection.selecting_dealers:,}",
            f"{collection.displaying_dealers:,}",
        )
    return table


def _movements(summary: Summary) -> RenderableType:
    titles = {
        "collections": "Collections",
        "influence": f"Dealers of {summary.brand}",
        "prices": "Prices",
    }
    table = _table("", "rising", "falling", wraps="rising")
    for kind, title in titles.items():
        names = [
            ", ".join(moved.name for moved in summary.movements if (moved.kind, moved.movement) == (kind, movement))
            for movement in ("RISING", "FALLING")
        ]
        table.add_row(title, *(Text(text or "none") for text in names))
    return table


def _table(*headers: str, wraps: str) -> Table:
    """A plain table in which one column may wrap; a header that begins with > belongs to numbers."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for header in headers:
        justify: JustifyMethod = "right" if header.startswith(">") else "left"
        table.add_column(header.removeprefix(">"), justify=justify, no_wrap=header != wraps)
    return table


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s"
