"""What is told when a run fails or succeeds again, what is heard of events, and how log lines look."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from runner.cli import cli, console, main
from runner.database import migrate
from runner.database.warehouse import Warehouse
from runner.dbt.process import open_dbt
from runner.errors import FieldlabError, UnfitDataError
from runner.ops import alerts, events, runs
from runner.ops.alerts import alert_of, is_web_address, post
from runner.ops.report import RunReport
from runner.ops.runs import Finished, Run
from runner.settings import load_settings

DAY = date(2025, 3, 31)
SECRET = "T0/B0/canary"


class Hook(ThreadingHTTPServer):
    """A web hook that keeps what it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.status = 200
        self.told: list[dict[str, Any]] = []
        self.hold = threading.Event()
        self.hold.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/services/{SECRET}"


class Answer(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Content-Type"] == "application/json"
        self.server.told.append(json.loads(body))
        self.server.hold.wait(120)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.hold.set()
        server.shutdown()


def report(outcome: str = "succeeded", **changes: Any) -> RunReport:
    values: dict[str, Any] = {"seconds": 1.0, "jobs": (), "nodes": (), "problems": (), "notes": (), **changes}
    return RunReport(Run(DAY, explicit_as_of=True), outcome, **values)


def test_a_run_like_the_one_before_is_not_told_of() -> None:
    assert alert_of(report()) is None


@pytest.mark.parametrize(
    ("ended", "event", "words"),
    [
        (report("failed", problems=("test x: 2 rows",), exit_code=3), "failed", "failed with exit code 3 on"),
        (report("failed", problems=("test x: 2 rows",), exit_code=3), "failed", "• test x: 2 rows"),
        (report(recovered=True), "recovered", "succeeded again"),
        (report(source_errors=("no invoice is APPROVED",)), "source_error", "• no invoice is APPROVED"),
    ],
)
def test_failure_recovery_and_errors_in_the_input_are_told(ended: RunReport, event: str, words: str) -> None:
    alert = alert_of(ended)
    assert alert is not None
    assert alert["event"] == event
    assert words in alert["text"]
    assert alert["text"].startswith("fieldlab run as of 2025-03-31")


def test_names_in_a_text_call_nobody_and_a_text_does_not_grow_without_end() -> None:
    alert = alert_of(report("failed", problems=("<!channel> & " + "x" * 9_000, *["more"] * 40), exit_code=1))
    assert alert is not None
    assert "&lt;!channel&gt; &amp;" in alert["text"]
    assert "and 31 more" in alert["text"]
    assert len(alert["text"]) < 2_000


def test_an_alert_is_one_post_of_json(hook: Hook) -> None:
    assert post(hook.url, {"text": "hello"}) == ""
    assert hook.told == [{"text": "hello"}]


def test_why_an_alert_was_not_delivered_is_told_without_the_url(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    hook.status = 404
    assert post(hook.url, {}) == "the answer was 404"
    monkeypatch.setattr(alerts, "ANSWER_WITHIN_S", 0.2)
    hook.hold.clear()
    assert post(hook.url, {}) in {"no answer within 0.2 s", "timed out", "TimeoutError"}
    assert SECRET not in post(f"http://127.0.0.1:1/{SECRET}", {})
    assert SECRET not in post(f"http://no such host/{SECRET}", {})


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "hooks.example.com/x", "https:///canary", "http://a b/", "http://[/"]
)
def test_what_is_no_web_address_is_refused_and_not_shown(url: str) -> None:
    assert not is_web_address(url)
    refused = CliRunner().invoke(cli, ["run", "--notify", url])
    assert refused.exit_code == 2
    assert "web address" in refused.stderr
    assert url not in refused.output


def test_the_first_run_that_succeeds_after_a_failure_is_told_of_once(
    database_url: str, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, before = load_settings(), Run(DAY, explicit_as_of=True)
    with psycopg.connect(database_url, autocommit=True) as connection:
        migrate.ensure(connection, settings)
        runs.begin(connection, settings, before, "run", [])
        runs.finish(connection, settings, before, "run", Finished("failed", error="no space left"))
    monkeypatch.setenv("FIELDLAB_NOTIFY_URL", hook.url)
    for _ in range(2):
        assert CliRunner().invoke(cli, ["run", "--job", "cleanup-expired"]).exit_code == 0
    assert [alert["event"] for alert in hook.told] == ["recovered"]


def test_a_run_that_cannot_begin_is_told_of_and_ends_as_without_a_hook(database_url: str, hook: Hook) -> None:
    ran = CliRunner().invoke(cli, ["run", "--notify", hook.url])
    assert isinstance(ran.exception, FieldlabError)
    (alert,) = hook.told
    assert "There is nothing to read" in alert["text"]


def test_an_alert_that_fails_is_a_note_and_the_url_is_nowhere(
    database_url: str, hook: Hook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hook.status = 500
    monkeypatch.setattr("runner.cli.run.run_pipeline", lambda *_, **__: report(recovered=True))
    ran = CliRunner().invoke(cli, ["run", "--notify", hook.url, "--json"])
    assert ran.exit_code == 0
    assert json.loads(ran.stdout)["notes"] == ["The alert was not delivered: the answer was 500."]
    monkeypatch.setattr(
        "runner.cli.run.run_pipeline", lambda *_, **__: report("failed", problems=("bad",), exit_code=3)
    )
    failed = CliRunner().invoke(cli, ["run", "--notify", hook.url])
    assert isinstance(failed.exception, UnfitDataError)
    assert SECRET not in ran.output + failed.output + str(failed.exception) + caplog.text


def test_dbt_does_not_get_the_url(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, str] = {}

    def start(*_: object, env: dict[str, str], **__: object) -> None:
        given.update(env)
        raise OSError

    monkeypatch.setenv("FIELDLAB_NOTIFY_URL", f"https://hooks.example.com/{SECRET}")
    monkeypatch.setattr("runner.dbt.process.subprocess.Popen", start)
    with pytest.raises(OSError), open_dbt(load_settings(), Warehouse(database_url)):  # noqa: PT011 - its own
        pytest.fail("dbt was started")
    assert given["FIELDLAB_PGDATABASE"]
    assert not any(SECRET in value for value in given.values())


def test_events_are_printed_as_json_lines_as_they_happen(database_url: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "events", "--follow"],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    assert process.stdout
    try:
        assert process.stderr.readline() == "Listening.\n"
        with psycopg.connect(database_url, autocommit=True) as connection:
            events.notify(connection, "ALIGNMENT_COMPUTED", {"rows": 7})
            connection.execute("notify fieldlab, 'no \"JSON\"'")
        assert json.loads(process.stdout.readline()) == {"event": "ALIGNMENT_COMPUTED", "rows": 7}
        assert json.loads(process.stdout.readline()) == {"event": None, "payload": 'no "JSON"'}
    finally:
        process.terminate()
        rest = process.communicate(timeout=60)
    assert (process.returncode, *rest) == (0, "", "")


def test_past_events_are_nowhere_and_the_command_says_so() -> None:
    refused = CliRunner().invoke(cli, ["events"])
    assert refused.exit_code == 2
    assert "fieldlab jobs" in refused.stderr


@pytest.mark.parametrize("where", [("--log-format", "json", "run"), ("run", "--log-format", "json")])
def test_machines_get_log_lines_and_failures_as_json(
    where: tuple[str, ...], database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fieldlab", *where])
    with pytest.raises(SystemExit, match="1"):
        main()
    logging.getLogger("runner.ops").warning("a name with \x1b[31m colour")
    failure, warning = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert failure["level"] == "error"
    assert failure["message"].startswith("There is nothing to read")
    assert "fieldlab load" in failure["hint"]
    assert warning["logger"] == "runner.ops"
    assert warning["message"] == "a name with \x1b[31m colour"
    console.start_logging()
    assert not console.handler.as_json
