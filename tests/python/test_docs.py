"""Pages that the code writes say what the code says; names used in the project exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from runner.cli import cli
from runner.load.contract_page import page

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
BLOCKS = "\n".join(re.findall(r"^```\w*\n(.*?)^```", README, re.MULTILINE | re.DOTALL))
README_COMMANDS = re.findall(r"^(?:\$ )?fieldlab (.+)$", BLOCKS, re.MULTILINE)


def all_commands(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from all_commands(found)


def parse(line: str) -> None:
    """Parse what follows `fieldlab`, without doing it."""
    command: click.Command | None = cli
    arguments = shlex.split(line, comments=True)
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), arguments.pop(0))
    assert command is not None, line
    command.make_context("fieldlab", arguments)


def test_the_page_of_the_source_contract_is_up_to_date() -> None:
    assert (PROJECT / "docs" / "source-contract.md").read_text(encoding="utf-8") == page()


def test_every_dbt_utils_name_the_project_uses_exists_in_the_stand_in() -> None:
    folders = ("models", "macros", "seeds", "snapshots", "tests")
    files = [path for folder in folders for path in (PROJECT / folder).rglob("*") if path.suffix in {".sql", ".yml"}]
    used = {name for path in files for name in re.findall(r"dbt_utils\.(\w+)", path.read_text(encoding="utf-8"))}
    stand_in = (PROJECT / "runner" / "dbt" / "dbt_utils" / "macros").glob("*.sql")
    provided = {
        name
        for path in stand_in
        for name in re.findall(r"\{% (?:macro|test) (\w+)\(", path.read_text(encoding="utf-8"))
    }
    assert used
    assert used <= provided


def test_links_in_the_documentation_lead_somewhere() -> None:
    pages = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *(PROJECT / "docs").glob("*.md")]
    for file in pages:
        for target in re.findall(r"\]\((?!http)([^)#]+)", file.read_text(encoding="utf-8")):
            assert (file.parent / target).exists(), f"{file.name} links to {target}"


def test_the_overview_names_every_mart() -> None:
    overview = (PROJECT / "models" / "_overview.md").read_text(encoding="utf-8")
    marts = [path.stem for path in (PROJECT / "models" / "marts").rglob("*.sql")]
    assert marts
    assert [mart for mart in marts if f"`{mart}`](#!/model/model.fieldlab.{mart})" not in overview] == []


@pytest.mark.parametrize("line", README_COMMANDS)
def test_commands_in_the_readme_can_be_typed(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fieldlab.dump").touch()
    parse(line)


def test_runs_in_the_readme_name_the_date_of_the_demo() -> None:
    # A run as of today would find nothing in the demo's data any more, and empty its list.
    runs = [line for line in README_COMMANDS if line.split()[0] == "run"]
    assert runs
    assert [line for line in runs if "--as-of 2025-10-31" not in line] == []


def test_each_command_has_an_example_that_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fieldlab-2026-01-31.dump").touch()
    (tmp_path / "exports" / "2026-01-31").mkdir(parents=True)
    for command in all_commands(cli):
        examples = re.findall(r"^Example: (.+)$", command.epilog or "", re.MULTILINE)
        assert examples, command.name
        for example in examples:
            if example.startswith("fieldlab "):
                parse(example.removeprefix("fieldlab "))


def test_every_place_names_the_newest_version() -> None:
    newest = re.findall(r"^## (\S+)$", (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[0]
    assert f'\nversion = "{newest}"\n' in (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    assert f"\nversion: {newest}\n" in (PROJECT / "dbt_project.yml").read_text(encoding="utf-8")
