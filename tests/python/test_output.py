"""Whatever is typed, named or printed: no stack trace, nothing a terminal or a spreadsheet would obey, no secret."""

import csv
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import psycopg
import pytest
from recommending import connection, finding, publish, settings
from rich.text import Text
from test_analysis import LINES

from runner.cli import cli, console, main
from runner.database.sources import create_source_tables
from runner.errors import FieldlabError
from runner.rules.registry import RULES
from runner.rules.seed import check_seed_file
from runner.settings import Settings

# Fixtures that tests take by name.
__all__ = ["connection", "settings"]

EVIL = "a\x1b[31m\x1b]0;t\x07\x9b1m[/done] [bold]b[/bold] :cat: \u202egnp.exe\x7f"
PLAIN = "a[31m]0;t1m[/done] [bold]b[/bold] :cat: gnp.exe"

BAD_VALUES = [
    "", " ", "\t", "0", "-1", "1.5", "1e999", "NaN", "-Infinity", "99999999999999", "1" * 400, "x" * 70_000,
    "0001-01-01", "9999-12-31", "2026-02-30", "\uff12026-01-31", "[/done]", EVIL, "\udcff", "../..", "/dev/null",
    "'; select 1 --", "%s", "{0}", "é😀", "--", "null",
]  # fmt: skip

BAD_URLS = [
    "postgresql://u:can@ary@127.0.0.1:1/db",
    "postgresql://u:canary@127.0.0.1:1/db?connect_timeout=abc",
    "postgresql://u:canary@127.0.0.1:1/db?connect_timeout=-5",
    "postgresql://u:canary@127.0.0.1:1/db?connect_timeout=1e400",
    "postgresql://u:canary@127.0.0.1:port/db",
    "postgresql://u:canary@127.0.0.1:99999999/db",
    "postgresql://u:canary@127.0.0.1:0/db",
    "postgresql://u:canary@127.0.0.1:1/db?sslmode=perhaps",
    "postgresql://u:canary@127.0.0.1:1/db?nonsense=1",
    "postgresql://u:canary@127.0.0.1:1/db?options=-c%20nonsense%3D1",
    "postgresql://u:canary@127.0.0.1:1/db?sslmode=require&sslcert=/no/such&sslkey=/no/such",
    "postgresql://u:canary@127.0.0.1:1/db?target_session_attrs=perhaps",
    "postgresql://u:canary@127.0.0.1:1/db?load_balance_hosts=perhaps",
    "postgresql://u:%zz_canary@127.0.0.1:1/db",
    "postgresql://u:canary@[::1/db",
    "postgresql://u:canary@127.0.0.1:1,127.0.0.1:1/db",
    "postgresql://u:canary@127.0.0.1,127.0.0.1:1:1/db",
    "postgresql://u:can ary@127.0.0.1:1/d b",
    "postgresql://u:canary\x1b[1m@127.0.0.1:1/db",
    "postgresql://u:canary@127.0.0.1:1/db\udcff",
    "host=127.0.0.1 port=1 user=u password='canary",
    "service=nobody",
    "http://canary",
    "canary",
]


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(leaves(cli))
# What must be given, as good as it can be.
GOOD = {"folder": "FOLDER", "first": "2025-01-01", "last": "2025-01-02", "recommendation": "1", "ids": "1"}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Call the command line as the shell does; gives the exit code and everything it wrote."""

    def call(*arguments: str) -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", ["fieldlab", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        return end.value.code or 0, captured.out + captured.err

    return call


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Programs that would take this process's place, and long work, are left out."""

    def leave(*_: object, **__: object) -> None:
        raise FieldlabError("It would begin here.")

    monkeypatch.setattr(os, "execve", leave)
    monkeypatch.setattr("runner.ops.pipeline.open_dbt", leave)
    monkeypatch.setattr("runner.ops.backfill.open_dbt", leave)
    monkeypatch.setattr("runner.dbt.docs.open_dbt", leave)
    monkeypatch.setattr("runner.serve.server.run_server", leave)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_no_value_of_any_option_ends_in_a_stack_trace(
    path: tuple[str, ...],
    run: Any,
    nothing_starts: None,
    connection: psycopg.Connection,
    settings: Settings,
) -> None:
    connection.execute(LINES)
    create_source_tables(connection, settings, "procurement")
    connection.execute("""insert into raw_procurement."Vendor" values (1, 'Not of the demo')""")
    connection.execute("insert into fieldlab_procurement.items values (7, 'Milk', null)")
    connection.execute("insert into fieldlab_procurement.invoice_lines (date, item_id, as_of) values (now(), 7, now())")
    publish(connection, settings, finding())
    parameters = [parameter for parameter in COMMANDS[path].params if not getattr(parameter, "is_flag", False)]

    def given(parameter: click.Parameter, value: str) -> list[str]:
        return [parameter.opts[0], value] if isinstance(parameter, click.Option) else [value]

    for parameter in parameters:
        others = [
            word
            for other in parameters
            if other is not parameter and other.required
            for word in given(other, GOOD.get(str(other.name), "1"))
        ]
        for value in BAD_VALUES:
            code, words = run(*path, *given(parameter, value), *others)
            assert code in (0, 1, 2, 3, 4), (parameter.opts, value, code, words)
            assert "Traceback" not in words
            assert not set(words) & set("\x1b\x07\x9b\x7f\u202e"), (parameter.opts, value, words)


@pytest.mark.parametrize("url", BAD_URLS)
def test_no_url_ends_in_a_stack_trace_or_shows_its_password(
    url: str, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    monkeypatch.setattr("runner.ops.retry.PAUSES", (0.0,))
    monkeypatch.setattr(os, "environ", {**os.environ, "FIELDLAB_DATABASE_URL": url})
    monkeypatch.setattr(os, "execve", lambda *_: sys.exit(0))
    for command in (["jobs"], ["run"], ["doctor"], ["db", "status"], ["db", "psql", "-c", "x"]):
        _, words = run(*command)
        assert "Traceback" not in words
        assert "canary" not in words
        assert "ary@" not in words


def test_texts_are_printed_as_they_are_but_for_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    for printed in (EVIL, Text(EVIL, "bold")):
        console.out().print(printed, soft_wrap=True)
        assert capsys.readouterr().out == f"{PLAIN}\n"
    console.log(EVIL)
    console.say(EVIL, error=True)
    assert capsys.readouterr().err == f"{PLAIN}\n" * 2
    console.echo_json({"name": EVIL})
    text = capsys.readouterr().out
    assert json.loads(text) == {"name": EVIL}
    assert text.isascii()


def test_a_reason_and_a_title_may_hold_anything(run: Any, connection: psycopg.Connection, settings: Settings) -> None:
    publish(connection, settings, finding(title=EVIL), finding(2, title="=1+1", description="@x", reasoning="+y"))
    assert run("recommendations", "dismiss", "1", "--reason", "see [/done] ticket", "--by", "[bold]")[0] == 0
    code, words = run("recommendations", "show", "1")
    assert code == 0
    assert "see [/done] ticket" in words
    assert PLAIN in " ".join(words.split())
    assert run("recommendations", "list")[0] == 0
    _, exported = run("recommendations", "list", "--csv", "-")
    (row,) = csv.DictReader(io.StringIO(exported))
    assert (row["title"], row["description"], row["reasoning"]) == ("'=1+1", "'@x", "'+y")


def test_a_seed_that_is_not_utf_8_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "recommendation_rules.csv").write_bytes(b"rule_id,parameter,value\nkeep,enabled,\xe9\n")
    with pytest.raises(FieldlabError, match=r"recommendation_rules\.csv, line 2, is not UTF-8"):
        check_seed_file(tmp_path, RULES)
