"""`fieldlab doctor`: what is fine, and what to do about what is not."""

import sys
from dataclasses import asdict

import click
from rich.table import Table
from rich.text import Text

from runner.cli.console import echo_json, out
from runner.cli.options import example
from runner.ops.doctor import NOTE, OK, PROBLEM, Check, examine
from runner.words import count

STYLES = {OK: "green", NOTE: "yellow", PROBLEM: "bold red"}


@click.command(
    short_help="Check that everything is in place, and say what to do.",
    epilog=example("fieldlab doctor"),
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def doctor(*, as_json: bool) -> None:
    """Check versions, database, permissions and source tables, and say what to do about problems.

    The exit code is 1 if there is a problem. Notes are worth knowing and prevent nothing.
    """
    checks: list[Check] = []
    for check in examine():
        if not as_json:
            _show(check, is_new_area=not checks or checks[-1].area != check.area)
        checks.append(check)
    problems, notes = (sum(check.status == status for check in checks) for status in (PROBLEM, NOTE))
    if as_json:
        echo_json({"ok": not problems, "checks": [asdict(check) for check in checks]})
    else:
        click.echo(f"\n{_verdict(problems, notes)}")
    sys.exit(1 if problems else 0)


def _verdict(problems: int, notes: int) -> str:
    if problems:
        return f"{count(problems, 'problem')}."
    return f"No problem; {count(notes, 'note')}." if notes else "All is well."


def _show(check: Check, *, is_new_area: bool) -> None:
    console = out()
    if is_new_area:
        console.print(Text(check.area.capitalize(), "bold"))
    lines = Table.grid(padding=(0, 1))
    lines.add_column(width=len(PROBLEM))
    lines.add_column(overflow="fold")
    lines.add_row(Text(check.status, STYLES[check.status]), Text(check.message))
    if check.hint:
        lines.add_row("", Text(f"→ {check.hint}", "dim"))
    console.print(lines)
