"""`fieldlab run`, `backfill` and `jobs` as typed: exit codes, what goes where, width."""

import json
from datetime import date

import psycopg
import pytest
from click.testing import CliRunner, Result

from runner.cli import cli
from runner.cli.run import print_report, report_json
from runner.database import migrate
from runner.database.warehouse import Warehouse
from runner.dbt.jobs import JOBS
from runner.ops import runs
from runner.ops.backfill import Backfill
from runner.ops.lock import RunLock
from runner.ops.report import JobReport, RunReport
from runner.ops.runs import Finished, Run
from runner.settings import load_settings

LONG = "a_very_long_model_name_" * 5


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--job", "everything"], "spending-metrics"),
        (["run", "--as-of", "2025-02-30"], "2025-02-30"),
        (["run", "--as-of", "20250228"], "write it as 2026-01-31"),
        (["run", "--as-of", ""], "is not a date"),
        (["run", "--job", "anomalies", "--vendor", "v"], "--vendor"),
        (["backfill", "--from", "2025-02-02", "--to", "2025-02-01"], "lies after"),
        (["backfill", "--from", "2025-02-02"], "--to"),
        (["backfill", "--from", "2025-02-02", "--to", "2025-02-02", "--every", "0"], "--every"),
        (["backfill", "--from", "2025-02-02", "--to", "2025-02-02", "--job", "anomalies"], "alignment"),
        (["jobs", "--limit", "0"], "limit"),
        (["jobs", "--run", "0a", "--failed"], "leave out"),
    ],
)
def test_what_cannot_be_asked_like_that_exits_2_and_says_why(arguments: list[str], words: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""


def test_a_bad_date_in_the_environment_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIELDLAB_AS_OF", "yesterday")
    result = invoke("run")
    assert result.exit_code == 2
    assert "yesterday" in result.stderr


def test_backfill_takes_every_nth_date_and_may_be_narrowed_to_a_job(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[list[date], tuple[str, ...]]] = []

    def fill(
        _settings: object, _warehouse: object, dates: list[date], jobs: tuple[str, ...], _lock: object, **_: object
    ) -> Backfill:
        asked.append((dates, jobs))
        return Backfill(dates)

    monkeypatch.setattr("runner.cli.run.fill_history", fill)
    span = ("--from", "2025-12-15", "--to", "2025-12-31")
    assert invoke("backfill", *span, "--every", "7", "--job", "alignment").exit_code == 0
    assert asked == [([date(2025, 12, 15), date(2025, 12, 22), date(2025, 12, 29)], ("alignment",))]
    assert invoke("backfill", *span).exit_code == 0
    assert len(asked[1][0]) == 17


def test_history_before_the_first_run_says_how_to_begin(database_url: str) -> None:
    result = invoke("jobs")
    assert (result.exit_code, result.stdout) == (0, "Nothing ran yet. Start with `fieldlab run`.\n")
    assert json.loads(invoke("jobs", "--json").stdout) == []


def test_a_run_is_recorded_and_shown_within_100_columns(database_url: str) -> None:
    ran = invoke("run", "--job", "cleanup-expired", "--as-of", "2025-02-28", "--json")
    assert ran.exit_code == 0
    assert json.loads(ran.stdout)["as_of"] == "2025-02-28"
    shown = invoke("jobs")
    assert "cleanup-expired" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 100
    recorded = json.loads(invoke("jobs", "--json").stdout)
    assert [(row["job"], row["outcome"], row["as_of"]) for row in recorded] == [
        ("run", "succeeded", "2025-02-28"),
        ("cleanup-expired", "succeeded", "2025-02-28"),
    ]


def report() -> RunReport:
    counts = {"reports": 12_859, "keep": 20_642, "drop": 13_714, "add": 4_708, "vendors left without a set": 1}
    ends = [Finished("succeeded", 12.3456, 1_234_567_890, True, "", {"counts": counts}) for _ in JOBS]
    jobs = tuple(JobReport(job, end) for job, end in zip(JOBS, ends, strict=True))
    return RunReport(Run(date(2025, 3, 31), True), "succeeded", 99.9, jobs, (), (), (f"Note {LONG}",))


def test_a_report_fits_100_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(report())
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 100
    assert "1,234,567,890" in text


def test_a_report_for_machines_is_json() -> None:
    assert json.loads(json.dumps(report_json(report()), default=str))["jobs"][0]["seconds"] == 12.346


def test_one_run_is_shown_with_its_slowest_nodes_and_what_it_published(database_url: str) -> None:
    settings, run, other = load_settings(), Run(date(2025, 3, 31), True), Run(date(2025, 3, 30), True)
    slowest = [{"kind": "model", "node": LONG, "status": "success", "seconds": 12.34, "rows": 5}]
    with psycopg.connect(database_url, autocommit=True) as connection:
        migrate.ensure(connection, settings)
        for one, outcome in ((run, "failed"), (other, "succeeded")):
            runs.begin(connection, settings, one, "run", ["alignment", "recommendations"])
            published = Finished(outcome, 2, 5, True, details={"counts": {"reports": 1200, "drop": 0}})
            runs.finish(connection, settings, one, "alignment", published)
            runs.finish(connection, settings, one, "recommendations", Finished(outcome, 2, None, False, "Broken."))
            details = {"slowest": slowest, "notes": ["A view was dropped."]}
            runs.finish(connection, settings, one, "run", Finished(outcome, 4, 5, None, "Broken.", details))
        runs.withdraw(connection, settings, other, "alignment", "ada")
    shown = invoke("jobs", "--run", str(run.run_id)[:8]).stdout
    assert f"run {str(run.run_id)[:8]}" in shown
    assert str(other.run_id)[:8] not in shown
    for words in ("alignment: published 1,200 reports\n", "recommendations: not published\n", "A view was dropped."):
        assert words in shown
    assert "  12.3 s  model" in shown
    assert max(map(len, shown.splitlines())) <= 100
    assert "alignment: published, then rolled back by ada" in invoke("jobs", "--run", str(other.run_id)).stdout
    assert {row["run_id"] for row in json.loads(invoke("jobs", "--failed", "--json").stdout)} == {str(run.run_id)}
    for unknown in ("zz", "", "%"):
        assert "No run has an id" in str(invoke("jobs", "--run", unknown).exception)


def test_a_run_that_was_killed_counts_as_failed_at_once(database_url: str) -> None:
    settings = load_settings()
    with psycopg.connect(database_url, autocommit=True) as connection:
        migrate.ensure(connection, settings)
        runs.begin(connection, settings, Run(date(2025, 3, 31), True), "run", [])
    (row,) = json.loads(invoke("jobs", "--failed", "--json").stdout)
    assert row["outcome"] == "interrupted"
    with RunLock(Warehouse(database_url), settings):
        assert invoke("jobs", "--failed").stdout == "Nothing failed.\n"
