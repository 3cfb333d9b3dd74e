"""What holds for every command: help with an example, and errors in words."""

import errno
import logging
import subprocess
import sys
from collections.abc import Iterator

import click
import psycopg
import pytest
from click.testing import CliRunner

from runner.cli import cli, main
from runner.errors import FieldlabError


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and group below this one, as typed."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def test_every_command_has_help_with_an_example_of_itself() -> None:
    names = list(commands(cli))
    assert ("run",) in names
    assert ("recommendations", "list") in names
    for name in names:
        result = CliRunner().invoke(cli, [*name, "--help"])
        assert result.exit_code == 0
        example = result.stdout.partition("Example: ")[2]
        assert f"fieldlab {' '.join(name)}" in example, f"no example in `fieldlab {' '.join(name)} --help`"


def test_the_list_of_commands_says_what_each_does() -> None:
    lines = CliRunner().invoke(cli, ["--help"]).stdout.partition("Commands:")[2].partition("Example:")[0].split("\n")
    listed = dict(line.split(maxsplit=1) for line in lines if line.strip())
    assert set(listed) == {path[0] for path in commands(cli) if len(path) == 1}
    for name, says in listed.items():
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        assert says.strip() == command.get_short_help_str(100)


def test_the_list_of_commands_imports_none_of_them() -> None:
    code = "import sys, runner.cli; runner.cli.cli(['--help'], standalone_mode=False); print(sys.modules.keys())"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "'runner.cli'" in shown
    assert "'psycopg'" not in shown
    assert "'runner.cli.run'" not in shown


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FieldlabError("It is broken.", "Mend it."), "Error: It is broken.\nMend it.\n"),
        (psycopg.errors.DiskFull("could not extend file"), "The database refused: could not extend file"),
        (OSError(errno.ENOSPC, "No space left on device", "out.csv"), "No space left on device: 'out.csv'"),
    ],
)
def test_what_fails_is_told_in_words_and_exits_1(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli, "main", fail)
    with pytest.raises(SystemExit) as end:
        main()
    captured = capsys.readouterr()
    assert end.value.code == 1
    assert words in captured.err
    assert captured.out == ""


def test_what_inner_modules_log_is_shown_as_plain_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(**_: object) -> None:
        logging.getLogger("runner.ops.pipeline").info("dbt builds [bold]%s[/done]\x1b[31m", "it")

    monkeypatch.setattr(cli, "main", work)
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().err == "dbt builds [bold]it[/done][31m\n"
