"""What of dbt's log reaches a person, and that only the command line shows it."""

import ast
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import runner
from runner.cli import console
from runner.cli.progress import dbt_progress


def event(level: str, code: str, msg: str, **data: object) -> dict[str, Any]:
    return {"info": {"level": level, "code": code, "msg": msg}, "data": data}


STARTED = event("info", "Q011", "START", index=1, total=2, node_info={"node_name": "lines"})
BUILT = event("info", "Q012", "OK", index=1, total=2, execution_time=0.1, node_info={"node_name": "lines"})
TESTED = event("info", "Q007", "PASS", index=2, execution_time=0.1, node_info={"node_name": "lines_are_whole"})


def test_off_a_terminal_only_warnings_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    console.start_logging()
    with dbt_progress() as listen:
        for each in (
            STARTED,
            BUILT,
            event("warn", "I051", "[WARNING]: Nothing matches models.x"),
            event("warn", "Q007", "WARN 3 some_test"),
            event("warn", "D016", "Detected columns with numeric type and unspecified precision/scale, …"),
        ):
            listen(each)
    captured = capsys.readouterr()
    assert captured.err.split("\n") == ["dbt: [WARNING]: Nothing matches models.x", ""]
    assert captured.out == ""


def test_on_a_terminal_each_finished_model_and_test_counts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "err", Console(stderr=True, force_terminal=True, width=100))
    with dbt_progress() as listen:
        for each in (STARTED, BUILT, TESTED):
            listen(each)
    assert "2/2" in capsys.readouterr().err


def test_nothing_but_the_command_line_imports_it() -> None:
    package = Path(runner.__file__).parent
    inner = [path for path in package.rglob("*.py") if path.relative_to(package).parts[0] not in ("cli", "__main__.py")]
    assert len(inner) > 50
    assert [str(path.relative_to(package)) for path in inner if imports_command_line(path)] == []


def imports_command_line(file: Path) -> bool:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        if any(f"{name}.".startswith("runner.cli.") for name in names):
            return True
    return False
