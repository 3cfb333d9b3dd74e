"""What the runner makes of dbt's results and of a dbt process that fails."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner.database.warehouse import Warehouse
from runner.dbt.process import WORKER, DbtResult, NodeResult, open_dbt
from runner.errors import FieldlabError
from runner.settings import Settings

MODEL = NodeResult("model.fieldlab.a", "error", message="Database Error in model a\n  server closed the connection")
TEST = NodeResult("test.fieldlab.t.123", "fail", message="Got 3 results", file="target/compiled/t.sql")


def test_a_failed_test_is_told_by_name_count_and_query() -> None:
    assert TEST.explain() == "test t: Got 3 results\n  SQL: target/compiled/t.sql"


def test_a_test_that_could_not_run_vouches_for_nothing() -> None:
    assert NodeResult("test.fieldlab.t.123", "error").failed_test
    assert not NodeResult("test.fieldlab.t.123", "warn").failed_test
    assert not MODEL.failed_test


def test_what_was_skipped_is_no_failure_of_its_own_but_no_success_either() -> None:
    skipped = NodeResult("model.fieldlab.b", "skipped")
    result = DbtResult((MODEL, skipped))
    assert result.failures == (MODEL,)
    assert not result.success


def test_a_later_try_replaces_what_it_did_again_and_keeps_the_rest() -> None:
    good = NodeResult("model.fieldlab.b", "success")
    healed = NodeResult("model.fieldlab.a", "success")
    result = DbtResult((MODEL, good), "half way").followed_by(DbtResult((healed,)))
    assert result == DbtResult((healed, good))
    assert result.success


@pytest.mark.parametrize(
    ("message", "transient"),
    [
        ("Database Error\n  server closed the connection unexpectedly", True),
        ("Database Error\n  deadlock detected\n  DETAIL: Process 1 waits", True),
        ("connection to server at 127.0.0.1, port 1 failed: Connection refused", True),
        ("division by zero", False),
        ('FATAL:  password authentication failed for user "x"', False),
        ("canceling statement due to statement timeout", False),
    ],
)
def test_only_faults_that_may_pass_are_tried_again(message: str, transient: bool) -> None:
    assert DbtResult((NodeResult("model.fieldlab.a", "error", message=message),)).transient is transient
    assert DbtResult(error=message).transient is transient


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> tuple[Settings, Warehouse]:
    (tmp_path / "dbt_project.yml").write_text("name: fieldlab")
    return Settings(tmp_path, tmp_path), Warehouse(database_url)


def worker(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put another script in dbt's place."""
    file = folder / "worker.py"
    file.write_text(text)
    monkeypatch.setattr("runner.dbt.process.WORKER", file)


def test_packages_that_a_host_project_lacks_are_told_before_dbt_starts(
    place: tuple[Settings, Warehouse], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "packages.yml").write_text("packages: []")
    monkeypatch.setattr(Settings, "is_host", property(lambda _: True))
    with pytest.raises(FieldlabError) as failure, open_dbt(*place):
        pytest.fail("dbt was started")
    assert "dbt deps" in failure.value.hint


def test_a_date_in_the_project_file_is_refused_because_dbt_would_obey_it_alone(
    place: tuple[Settings, Warehouse], tmp_path: Path
) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: fieldlab\nvars: {as_of: 2025-01-31}")
    with pytest.raises(FieldlabError, match="`as_of`"), open_dbt(*place):
        pytest.fail("dbt was started")


def test_a_dbt_process_that_dies_is_told_by_its_last_line(
    place: tuple[Settings, Warehouse], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    worker(tmp_path, "import sys; input(); sys.exit('ImportError: no module named dbt')", monkeypatch)
    with open_dbt(*place) as dbt, pytest.raises(FieldlabError) as failure:
        dbt.invoke(["build"], {})
    assert str(failure.value) == "dbt ended with status 1 before it was done. ImportError: no module named dbt"


def test_a_dbt_process_that_was_killed_says_so(
    place: tuple[Settings, Warehouse], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    worker(tmp_path, "import os; input(); os.kill(os.getpid(), 9)", monkeypatch)
    with open_dbt(*place) as dbt, pytest.raises(FieldlabError, match="killed by signal 9"):
        dbt.invoke(["build"], {})


def test_a_dbt_process_that_does_not_stop_is_killed(
    place: tuple[Settings, Warehouse], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deaf = "import os, signal, time; signal.signal(2, signal.SIG_IGN); print(os.getpid(), flush=True); time.sleep(99)"
    worker(tmp_path, deaf, monkeypatch)
    monkeypatch.setattr("runner.dbt.process.SECONDS_TO_STOP", 0.2)
    with open_dbt(*place) as dbt:
        process = dbt._process
        assert process.stdout is not None
        process.stdout.readline()
    assert process.returncode == -9


def test_results_of_another_dbt_are_not_taken_for_ours(
    place: tuple[Settings, Warehouse], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answers = """
import sys
sys.stdin.readline()
print('{"info": {"invocation_id": "ours", "level": "info", "code": "A001", "msg": ""}, "data": {}}')
print('{"invocation": {"success": true, "error": ""}}', flush=True)
"""
    worker(tmp_path, answers, monkeypatch)
    (tmp_path / "target").mkdir()
    (tmp_path / "target/run_results.json").write_text('{"metadata": {"invocation_id": "theirs"}, "results": []}')
    with open_dbt(*place) as dbt:
        result = dbt.invoke(["build"], {})
    assert "Another dbt" in result.error


def test_dbt_gets_the_runners_connection_and_not_the_users_target(
    place: tuple[Settings, Warehouse], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DBT_TARGET", "elsewhere")
    worker(tmp_path, "import os; input(); raise SystemExit(str(dict(os.environ)))", monkeypatch)
    with open_dbt(*place) as dbt, pytest.raises(FieldlabError) as failure:
        dbt.invoke(["build"], {})
    assert "'DBT_TARGET'" not in str(failure.value)
    assert "'DBT_SEND_ANONYMOUS_USAGE_STATS': 'false'" in str(failure.value)
    assert place[1].url.rsplit("/", 1)[1] in str(failure.value)


def test_a_worker_whose_parent_is_gone_begins_nothing() -> None:
    request = json.dumps({"arguments": ["--version"], "environment": {}})
    command = [sys.executable, "-P", WORKER]
    done = subprocess.run(command, input=f"{request}\n", check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def test_the_runner_itself_never_imports_dbt() -> None:
    code = "import sys, runner.cli.run, runner.cli.jobs; sys.exit('dbt' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
