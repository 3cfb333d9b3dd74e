"""`fieldlab recommendations`: what the buyer could do, and what was decided."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click
import psycopg

from runner.cli.console import echo_json, log, out, say
from runner.cli.options import example, user
from runner.database.migrate import ensure
from runner.database.warehouse import open_warehouse
from runner.errors import FieldlabError
from runner.procurement.export import write_csv
from runner.procurement.lifecycle import LONGEST_REASON, Action, expire, take_step
from runner.procurement.read import (
    STATUSES,
    TYPES,
    Filter,
    Listing,
    decision_keys,
    ids_of_decision,
    list_decisions,
    list_recommendations,
    read_recommendation,
    rules_left_out,
    unknown_names,
    why_nothing_is_open,
)
from runner.procurement.view import decision_id, render_list, render_one, total_in_words
from runner.settings import Settings, load_settings
from runner.words import Words, count

Command = Callable[..., Any]

DECISION = re.compile(r"[dD](\d+)")


@dataclass(frozen=True)
class Session:
    """What every subcommand works with."""

    connection: psycopg.Connection
    settings: Settings

    @property
    def words(self) -> Words:
        """How money is written."""
        return Words(self.settings.currency)


@contextmanager
def open_session() -> Iterator[Session]:
    """Open the warehouse with the runner's tables up to date."""
    settings = load_settings()
    with open_warehouse(settings) as warehouse, warehouse.connect(autocommit=True) as connection:
        ensure(connection, settings)
        yield Session(connection, settings)


@click.group(epilog=example("fieldlab recommendations list --min-savings 1000"))
def recommendations() -> None:
    """List what the buyer could do, and record what was decided."""


def money(context: click.Context, parameter: click.Parameter, value: str | None) -> Decimal | None:  # noqa: ARG001
    """An option's callback: the text as an exact amount."""
    if value is None:
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite():
        raise click.BadParameter(f"{value!r} is not an amount; write it as 1000 or 99.50.")
    return amount


def filtered(command: Command) -> Command:
    """Options that select recommendations."""
    options = (
        click.option(
            "--type",
            "types",
            multiple=True,
            type=click.Choice(TYPES, case_sensitive=False),
            metavar="TYPE",
            help=f"Only this type; may be given several times: {', '.join(TYPES)}.",
        ),
        click.option(
            "--priority", "priorities", multiple=True, type=click.IntRange(1, 5), help="Only this priority, 1 to 5."
        ),
        click.option("--branch", metavar="ID|NAME", help="Only about this branch."),
        click.option("--item", metavar="ID|NAME", help="Only about this item."),
        click.option("--vendor", metavar="ID|NAME", help="Only about this vendor, in any role."),
        click.option("--min-savings", metavar="AMOUNT", callback=money, help="Only with at least these savings."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@recommendations.command(
    "list",
    short_help="List what is open, the most urgent first.",
    epilog=example("fieldlab recommendations list --type VENDOR_SWITCH --branch Downtown"),
)
@filtered
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(STATUSES, case_sensitive=False),
    metavar="STATUS",
    help=f"Only this status; may be given several times: {', '.join(STATUSES)}. Default: PENDING and VIEWED.",
)
@click.option("--all", "with_members", is_flag=True, help="Show each decision's recommendations below it.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help="At most this many decisions. Default: 20, and all with --json or --csv.",
)
@click.option("--json", "as_json", is_flag=True, help="Print decisions and recommendations as JSON.")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Write recommendations as CSV; - is stdout.",
)
def list_(
    *,
    statuses: Sequence[str],
    with_members: bool,
    limit: int | None,
    as_json: bool,
    csv_file: str | None,
    **options: Any,
) -> None:
    """List what is open, one line per decision, by priority and then by expected savings.

    Recommendations that are decided together are one line with an id such as D12; `view`, `dismiss` and `apply` take it
    too. Totals count savings that several recommendations claim only once.
    """
    if as_json and csv_file:
        raise click.UsageError("--json and --csv do not go together.")
    wanted = Filter(statuses=statuses, **options) if statuses else Filter(**options)
    if not as_json and not csv_file:
        limit = limit or 20
    with open_session() as session:
        found = list_decisions(session.connection, session.settings, wanted, limit)
        _tell_unknown_names(session, wanted, found)
        rows = []
        if as_json or csv_file or with_members:
            rows = list_recommendations(session.connection, session.settings, wanted, found.ids)
        left_out = rules_left_out(session.connection, session.settings)
        nothing = "Nothing matches."
        if not found.count and wanted == Filter():
            nothing = why_nothing_is_open(session.connection, session.settings)
        words = session.words
    if as_json:
        echo_json(
            {
                "count": found.count,
                "decision_count": found.decision_count,
                "total_savings": found.totals,
                "rules_left_out": left_out,
                **({} if found.count else {"nothing": nothing}),
                "decisions": [_decision_json(decision) for decision in found.decisions],
                "recommendations": rows,
            }
        )
    elif csv_file:
        _write_csv(csv_file, rows)
    else:
        out().print(render_list(found, words, members=rows, nothing=nothing, left_out=left_out))


def _decision_json(decision: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in decision.items() if name != "example"}


def _tell_unknown_names(session: Session, wanted: Filter, found: Listing) -> None:
    if not found.count:
        for remark in unknown_names(session.connection, session.settings, wanted):
            log(remark)


def _write_csv(name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    try:
        with click.open_file(name, "w", encoding="utf-8") as file:
            write_csv(file, rows)
    except OSError as error:
        raise FieldlabError(f"{name} cannot be written: {error.strerror}.", "Name another file.") from error
    if name != "-":
        click.echo(f"{count(len(rows), 'recommendation')} written to {Path(name)}.", err=True)


@recommendations.command(
    short_help="Show one with reasoning, numbers and history.",
    epilog=example("fieldlab recommendations show 12"),
)
@click.argument("recommendation", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON; a list of them for a decision.")
def show(*, recommendation: str, as_json: bool) -> None:
    """Show a recommendation with its reasoning, the numbers behind it and its history.

    With the id of a decision such as D12: recommendation 12 and the open ones that are decided with it.
    """
    singles, of_decisions = _named([recommendation])
    with open_session() as session:
        for one in of_decisions:
            singles += ids_of_decision(session.connection, session.settings, one) or [one]
        rows = [read_recommendation(session.connection, session.settings, one) for one in singles]
        words, zone = session.words, session.settings.zone
    if as_json:
        echo_json(rows if of_decisions else rows[0])
        return
    for number, row in enumerate(rows):
        if number:
            out().rule(style="dim")
        out().print(render_one(row, words, zone))


def deciding(command: Command) -> Command:
    """Arguments and options of a step that people take."""
    options: tuple[Callable[[Command], Command], ...] = (
        click.argument("ids", nargs=-1, metavar="[ID]..."),
        filtered,
        click.option("--by", metavar="NAME", help="Who decides. Default: the signed-in user."),
        click.option("--yes", is_flag=True, help="Do not ask for confirmation when a filter selects them."),
        click.option("--json", "as_json", is_flag=True, help="Print the ids that changed as JSON."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@recommendations.command(epilog=example("fieldlab recommendations view 12 13"))
@deciding
def view(**options: Any) -> None:
    """Mark as seen."""
    _decide(Action.VIEW, **options)


@recommendations.command(
    short_help="Decide against.",
    epilog=example('fieldlab recommendations dismiss 12 --reason "contract runs until May"'),
)
@click.option("--reason", help=f"Why, in at most {LONGEST_REASON} characters.")
@deciding
def dismiss(**options: Any) -> None:
    """Decide against: not raised again for 30 days, and never again if it is about one invoice."""
    _decide(Action.DISMISS, **options)


@recommendations.command(epilog=example("fieldlab recommendations apply D12"))
@deciding
def apply(**options: Any) -> None:
    """Mark as done."""
    _decide(Action.APPLY, **options)


def _decide(
    action: Action,
    *,
    ids: Sequence[str],
    by: str | None,
    yes: bool,
    as_json: bool,
    reason: str | None = None,
    **options: Any,
) -> None:
    has_filter = any(value not in (None, ()) for value in options.values())
    if bool(ids) == has_filter:
        raise click.UsageError(
            "Give ids, or a filter that selects them." if not ids else "Give ids or a filter, not both."
        )
    singles, of_decisions = _named(ids)
    if by is not None and not by.strip():
        raise click.UsageError("--by must name somebody.")
    if reason is not None and len(reason) > LONGEST_REASON:
        raise click.UsageError(f"--reason has {len(reason)} characters; {LONGEST_REASON} are the most.")
    with open_session() as session:
        if has_filter:
            wanted = Filter(**options)
            found = list_decisions(session.connection, session.settings, wanted)
            _tell_unknown_names(session, wanted, found)
            singles = found.ids
            if singles:
                _confirm(action, found, session.words, yes=yes)
        decisions = decision_keys(session.connection, session.settings, of_decisions)
        changed = take_step(
            session.connection, session.settings, singles, action, by=by or user(), reason=reason, decisions=decisions
        )
    if as_json:
        echo_json({"status": action.status, "changed": changed})
    else:
        click.echo(_outcome(action, ids or singles, changed))


def _named(ids: Sequence[str]) -> tuple[list[int], list[int]]:
    """Recommendations, and recommendations whose whole decision is meant."""
    singles, of_decisions = [], []
    for text in ids:
        decision = DECISION.fullmatch(text)
        if decision:
            of_decisions.append(int(decision[1]))
        elif text.isascii() and text.isdigit():
            singles.append(int(text))
        else:
            raise click.UsageError(f"{text!r} is no id; write 12 for a recommendation, D12 for its whole decision.")
    return singles, of_decisions


def _confirm(action: Action, found: Listing, words: Words, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"This would {action.name.lower()} {found.count:,}; confirm it with --yes.")
    totals = total_in_words(found.totals, words)
    click.echo(f"{count(found.count, 'recommendation')}{totals and f', {totals}'}:", err=True)
    for decision in found.decisions:
        say(f"  {decision_id(decision)}  {decision['title']}", error=True)
    click.confirm(f"{action.name.capitalize()} all of them?", abort=True, err=True)


def _outcome(action: Action, ids: Sequence[object], changed: Sequence[int]) -> str:
    if not ids:
        return "Nothing open matches."
    if not changed:
        return f"Already {action.status.lower()}: {', '.join(map(str, ids))}."
    return f"{action.status.capitalize()}: {', '.join(map(str, changed))}."


@recommendations.command(
    "expire",
    short_help="Mark those whose time has passed as expired.",
    epilog=example("fieldlab recommendations expire"),
)
@click.option("--json", "as_json", is_flag=True, help="Print the number as JSON.")
def expire_(*, as_json: bool) -> None:
    """Mark those whose time has passed as expired; a run does it too."""
    with open_session() as session:
        number = expire(session.connection, session.settings)
    if as_json:
        echo_json({"expired": number})
    else:
        click.echo(f"{number:,} expired.")
