"""A run from end to end, with every fault it must survive. Needs dbt and a database; the project is a tiny one."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from databases import fresh_database
from tiny_project import prepare_database, write_tiny_project

from runner.cli.signals import time_limit
from runner.database.warehouse import Warehouse, open_warehouse
from runner.dbt.process import Dbt, DbtResult, open_dbt
from runner.errors import FieldlabError, UnfitDataError
from runner.ops.backfill import backfill
from runner.ops.lock import RunLock
from runner.ops.pipeline import run_pipeline
from runner.ops.report import Request, RunReport
from runner.ops.runs import Published, Run
from runner.settings import Settings, load_settings

DAY = date(2025, 3, 31)


@pytest.fixture(scope="module")
def shared_database(server_url: str) -> Iterator[str]:
    """One database for all tests here: another name would cost dbt a full parse each time."""
    with fresh_database(server_url) as url:
        yield url


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def settings(shared_database: str, project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """The environment points at the tiny project; the database is as on the first day, without faults."""
    monkeypatch.setenv("FIELDLAB_DATABASE_URL", shared_database)
    monkeypatch.setenv("FIELDLAB_PROJECT_DIR", str(project))
    monkeypatch.setenv("FIELDLAB_HOME", str(tmp_path))
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    monkeypatch.delenv("FIELDLAB_AS_OF", raising=False)
    monkeypatch.delenv("DBT_TARGET", raising=False)
    settings = load_settings()
    with psycopg.connect(shared_database) as connection:
        for schema in ("control", "raw_alignment", "raw_procurement", "fieldlab_ops", "fieldlab_procurement"):
            connection.execute(f"drop schema if exists {schema} cascade")
    prepare_database(shared_database, settings)
    return settings


@pytest.fixture(scope="module")
def dbt_process(shared_database: str, project: Path) -> Iterator[Dbt]:
    with open_dbt(Settings(project, project), Warehouse(shared_database)) as dbt:
        yield dbt


@pytest.fixture
def shared_dbt(dbt_process: Dbt, monkeypatch: pytest.MonkeyPatch) -> None:
    """One dbt for all runs that do not stop theirs: starting it takes longer than what it does here."""
    for module in ("pipeline", "backfill"):
        monkeypatch.setattr(f"runner.ops.{module}.open_dbt", lambda *_: contextlib.nullcontext(dbt_process))


@pytest.fixture
def warehouse(settings: Settings) -> Iterator[Warehouse]:
    with open_warehouse(settings) as warehouse:
        yield warehouse


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Publishers that only note that they were called."""
    calls: list[str] = []

    def publisher(job: str) -> Callable[..., Published]:
        def publish(connection: psycopg.Connection, settings: Settings, run: Run, vendor_id: str | None) -> Published:
            calls.append(f"{job} {run.as_of} {vendor_id or 'all'}")
            return Published({"reports": 2})

        return publish

    publishers = {job: publisher(job) for job in ("alignment", "recommendations", "cleanup-expired")}
    monkeypatch.setattr("runner.ops.pipeline.PUBLISHERS", publishers)
    return calls


@pytest.fixture
def no_dbt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dbt that does nothing, and well, for tests of what follows it."""

    class Idle:
        def run(self, *_: object) -> DbtResult:
            return DbtResult()

    monkeypatch.setattr("runner.ops.pipeline.open_dbt", lambda *_: contextlib.nullcontext(Idle()))


def set_fault(warehouse: Warehouse, fault: str, value: float) -> None:
    with warehouse.connect() as connection:
        connection.execute("insert into control.faults values (%s, %s)", [fault, value])


def query(warehouse: Warehouse, text: str) -> list[tuple[Any, ...]]:
    with warehouse.connect() as connection:
        return connection.execute(text).fetchall()


def run_jobs(settings: Settings, warehouse: Warehouse, *jobs: str, **request: Any) -> RunReport:
    return run_pipeline(settings, warehouse, Request(jobs, **{"as_of": DAY, **request}), limit=time_limit)


def outcomes(report: RunReport) -> dict[str, str]:
    return {item.job.name: item.end.outcome for item in report.jobs}


def fieldlab(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "runner", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **options}
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_until(what: Callable[[], object], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def sleeping_sessions(warehouse: Warehouse) -> Sequence[tuple[Any, ...]]:
    return query(
        warehouse,
        "select query from pg_stat_activity where datname = current_database() and query like '%pg_sleep(%' "
        "and state = 'active' and pid <> pg_backend_pid()",
    )


def test_a_run_builds_publishes_records_and_tells_listeners(
    settings: Settings, warehouse: Warehouse, published: list[str]
) -> None:
    with warehouse.connect(autocommit=True) as listener:
        listener.execute("listen fieldlab")
        report = run_jobs(settings, warehouse)
        events = [json.loads(notice.payload) for notice in listener.notifies(timeout=1)]

    assert report.outcome == "succeeded", report.problems
    assert set(outcomes(report).values()) == {"succeeded"}
    assert published == [
        f"alignment {DAY} all",
        f"recommendations {DAY} all",
        f"cleanup-expired {DAY} all",
    ]
    assert sorted(event["event"] for event in events) == [
        "ALIGNMENT_COMPUTED",
        "ANOMALIES_DETECTED",
        "PATTERNS_COMPUTED",
        "PRICE_BENCHMARKS_COMPUTED",
        "RECOMMENDATIONS_GENERATED",
        "SPENDING_METRICS_COMPUTED",
    ]
    alignment = next(event for event in events if event["event"] == "ALIGNMENT_COMPUTED")
    assert alignment["reports"] == 2
    assert alignment["run_id"] == str(report.run.run_id)
    history = query(
        warehouse,
        "select kind, job, outcome, rows, published, explicit_as_of from fieldlab_ops.job_runs order by kind desc, job",
    )
    assert history == [
        ("run", "run", "succeeded", 12, None, True),
        ("job", "alignment", "succeeded", 2, True, True),
        ("job", "anomalies", "succeeded", None, None, True),
        ("job", "cleanup-expired", "succeeded", None, None, True),
        ("job", "price-benchmarks", "succeeded", 7, None, True),
        ("job", "purchase-patterns", "succeeded", None, None, True),
        ("job", "recommendations", "succeeded", 3, True, True),
        ("job", "spending-metrics", "succeeded", 7, None, True),
    ]


def test_a_failed_data_test_keeps_what_was_published_of_its_domain_before(
    settings: Settings, warehouse: Warehouse, shared_dbt: None, published: list[str]
) -> None:
    set_fault(warehouse, "bad", 1)
    report = run_jobs(settings, warehouse, "alignment", "recommendations", "spending-metrics")
    assert published == [f"recommendations {DAY} all"]
    assert (report.outcome, report.exit_code) == ("failed", 3)
    assert outcomes(report) == {"spending-metrics": "succeeded", "alignment": "failed", "recommendations": "succeeded"}
    assert any("no_bad_rows_market" in problem for problem in report.problems)
    assert any("Got 1 result" in problem and "target/compiled" in problem for problem in report.problems)


def test_a_failed_test_and_a_failed_model_end_as_failed(
    settings: Settings, warehouse: Warehouse, shared_dbt: None, published: list[str]
) -> None:
    set_fault(warehouse, "bad", 1)
    set_fault(warehouse, "broken", 1)
    assert run_jobs(settings, warehouse, "alignment", "recommendations").exit_code == 1


def test_a_failed_model_stops_only_the_jobs_that_need_it(
    settings: Settings, warehouse: Warehouse, shared_dbt: None, published: list[str]
) -> None:
    set_fault(warehouse, "broken", 1)
    report = run_jobs(settings, warehouse, "alignment", "recommendations", "price-benchmarks")
    assert published == [f"alignment {DAY} all"]
    assert report.outcome == "failed"
    assert outcomes(report) == {"price-benchmarks": "succeeded", "alignment": "succeeded", "recommendations": "failed"}
    problem = "\n".join(report.problems)
    assert "spending_metrics" in problem
    assert "division by zero" in problem
    assert "target/run/fieldlab/models/spending_metrics.sql" in problem
    assert "Traceback" not in problem


def test_an_older_date_is_built_but_published_only_on_demand(
    settings: Settings, warehouse: Warehouse, published: list[str], no_dbt: None
) -> None:
    older = DAY - timedelta(days=1)
    run_jobs(settings, warehouse, "alignment")
    report = run_jobs(settings, warehouse, "alignment", as_of=older)
    assert published == [f"alignment {DAY} all"]
    assert report.outcome == "succeeded"
    assert any(f"{older} is older than what is published ({DAY})" in note for note in report.notes)
    assert [item.end.published for item in report.jobs] == [False]

    run_jobs(settings, warehouse, "alignment", as_of=older, publish_anyway=True)
    assert published == [f"alignment {DAY} all", f"alignment {older} all"]

    between = run_jobs(settings, warehouse, "alignment", as_of=older)
    assert between.notes == ()


def test_a_lost_connection_is_tried_again(
    settings: Settings, warehouse: Warehouse, shared_dbt: None, published: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.dbt.process.PAUSES", (0.1, 0.1, 0.1))
    set_fault(warehouse, "lost", 2)
    report = run_jobs(settings, warehouse, "alignment")
    assert report.outcome == "succeeded", report.problems
    assert {node.name for node in report.nodes} >= {"market", "market_summary", "no_bad_rows_market_"}
    assert query(warehouse, "select last_value from control.tries") == [(3,)]
    assert published == [f"alignment {DAY} all"]


def test_a_fault_that_stays_is_tried_three_times_more(
    settings: Settings, warehouse: Warehouse, shared_dbt: None, published: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.dbt.process.PAUSES", (0.1, 0.1, 0.1))
    set_fault(warehouse, "lost", 99)
    report = run_jobs(settings, warehouse, "alignment")
    assert report.outcome == "failed"
    assert query(warehouse, "select last_value from control.tries") == [(4,)]
    assert published == []


def test_a_run_that_takes_too_long_is_stopped_with_its_queries(
    settings: Settings, warehouse: Warehouse, published: list[str]
) -> None:
    set_fault(warehouse, "sleep", 120)
    begun = time.monotonic()
    report = run_jobs(settings, warehouse, "alignment", "cleanup-expired", time_limit=10)
    assert time.monotonic() - begun < 40
    assert report.outcome == "failed"
    assert "time limit of 10 s" in report.problems[0]
    assert published == []
    wait_until(lambda: not sleeping_sessions(warehouse), 5)


def test_a_killed_run_leaves_no_lock_no_query_and_is_marked(
    settings: Settings, warehouse: Warehouse, published: list[str]
) -> None:
    set_fault(warehouse, "sleep", 120)
    with fieldlab("run", "--job", "alignment") as process:
        wait_until(lambda: sleeping_sessions(warehouse))
        with pytest.raises(FieldlabError, match=f"process {process.pid} on .*, since 20"):
            run_jobs(settings, warehouse, "cleanup-expired")
        process.kill()
    wait_until(lambda: not sleeping_sessions(warehouse), 5)

    assert run_jobs(settings, warehouse, "cleanup-expired").outcome == "succeeded"
    history = query(warehouse, "select job, outcome from fieldlab_ops.job_runs order by started_at, kind desc")
    assert history == [
        ("run", "interrupted"),
        ("alignment", "interrupted"),
        ("run", "succeeded"),
        ("cleanup-expired", "succeeded"),
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_says_so_and_exits_1(settings: Settings, warehouse: Warehouse, number: signal.Signals) -> None:
    set_fault(warehouse, "sleep", 120)
    with fieldlab("run", "--job", "alignment") as process:
        wait_until(lambda: sleeping_sessions(warehouse))
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert not sleeping_sessions(warehouse)
    assert query(warehouse, "select distinct outcome from fieldlab_ops.job_runs") == [("interrupted",)]


def test_a_project_that_does_not_parse_is_told_without_a_stack_trace(
    settings: Settings, warehouse: Warehouse, shared_dbt: None, published: list[str], project: Path
) -> None:
    broken = project / "models" / "broken.sql"
    broken.write_text("select * from {{ ref('nowhere') }}")
    try:
        report = run_jobs(settings, warehouse, "alignment")
    finally:
        broken.unlink()
    assert report.outcome == "failed"
    assert "nowhere" in report.problems[0]
    assert "Traceback" not in report.problems[0]
    assert published == []


def test_history_survives_a_full_refresh(
    settings: Settings, warehouse: Warehouse, shared_dbt: None, published: list[str]
) -> None:
    days = [DAY - timedelta(days=1), DAY]
    run_jobs(settings, warehouse, "price-benchmarks", as_of=days[0])
    run_jobs(settings, warehouse, "price-benchmarks", as_of=days[1], full_refresh=True)
    found = query(warehouse, "select distinct snapshot_date from fieldlab_procurement.price_snapshots order by 1")
    assert [day for (day,) in found] == days


def test_what_dbt_builds_has_the_id_of_the_run_on_record(
    settings: Settings, warehouse: Warehouse, shared_dbt: None
) -> None:
    report = run_jobs(settings, warehouse, "spending-metrics")
    assert query(warehouse, "select distinct run_id from fieldlab_procurement.invoice_lines") == [
        (str(report.run.run_id),)
    ]

    backfill(settings, warehouse, [DAY, DAY + timedelta(days=1)])
    jobs = query(
        warehouse,
        "select distinct job from fieldlab_procurement.price_snapshots"
        " inner join fieldlab_ops.job_runs on price_snapshots.run_id = job_runs.run_id::text",
    )
    assert jobs == [("backfill",)]


def test_a_users_view_without_a_tag_is_there_after_any_run(
    settings: Settings, warehouse: Warehouse, published: list[str]
) -> None:
    views = {"seen": "market", "seen_twice": "seen"}
    for name, read in views.items():
        text = f"{{{{ config(materialized='view') }}}} select * from {{{{ ref('{read}') }}}}"
        (settings.project_dir / "models" / f"{name}.sql").write_text(text)
    unmet = "{{ config(materialized='view') }} select id from {{ ref('market') }} cross join {{ ref('never_built') }}"
    (settings.project_dir / "models/unmet.sql").write_text(unmet)
    (settings.project_dir / "models/never_built.sql").write_text("select 1 as one")
    try:
        report = run_jobs(settings, warehouse, "alignment")
        assert (report.outcome, report.problems) == ("succeeded", ())
        for name in views:
            assert query(warehouse, f"select id from fieldlab_procurement.{name}") == [(1,)]
        assert query(warehouse, "select to_regclass('fieldlab_procurement.unmet')") == [(None,)]

        assert run_jobs(settings, warehouse).outcome == "succeeded"
        assert query(warehouse, "select id from fieldlab_procurement.unmet") == [(1,)]
        run_jobs(settings, warehouse, "alignment")
        for name in (*views, "unmet"):
            assert query(warehouse, f"select id from fieldlab_procurement.{name}") == [(1,)]
    finally:
        for name in (*views, "unmet", "never_built"):
            (settings.project_dir / "models" / f"{name}.sql").unlink()


def test_a_backfill_fills_each_day_once_and_keeps_newer_lines(
    settings: Settings, warehouse: Warehouse, shared_dbt: None
) -> None:
    run_jobs(settings, warehouse, "spending-metrics", as_of=DAY + timedelta(days=9))
    for _ in range(2):
        done = backfill(settings, warehouse, [DAY + timedelta(days=number) for number in range(3)])
        assert [day.day for day in done.dates] == [31, 1, 2]
        assert done.rows == 3 * 3
    found = query(
        warehouse, "select snapshot_date, count(*) from fieldlab_procurement.price_snapshots group by 1 order by 1"
    )
    assert found == [(DAY + timedelta(days=number), 3) for number in range(3)]
    lines = query(warehouse, "select distinct as_of from fieldlab_procurement.invoice_lines")
    assert lines == [(DAY + timedelta(days=9),)]


def test_a_stopped_backfill_leaves_whole_days_and_says_how_to_go_on(settings: Settings, warehouse: Warehouse) -> None:
    set_fault(warehouse, "slow_day", 1)
    with fieldlab("backfill", "--from", "2025-03-01", "--to", "2025-03-31") as process:
        wait_until(lambda: query(warehouse, "select to_regclass('fieldlab_procurement.price_snapshots')") != [(None,)])
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Traceback" not in err
    days = query(warehouse, "select snapshot_date, count(*) from fieldlab_procurement.price_snapshots group by 1")
    assert {count for _, count in days} == {3}
    last = max(day for day, _ in days)
    # The day under way when it was stopped may have been written already; it is then done again.
    assert any(f"--from {day} --to 2025-03-31" in err for day in (last, last + timedelta(days=1)))
    history = query(warehouse, "select job, outcome from fieldlab_ops.job_runs")
    assert history == [("backfill", "interrupted")]


def test_a_domain_without_tables_is_left_out_and_the_run_succeeds(
    settings: Settings, warehouse: Warehouse, published: list[str], no_dbt: None
) -> None:
    with warehouse.connect() as connection:
        connection.execute("drop schema raw_alignment cascade")
    report = run_jobs(settings, warehouse, "alignment", "anomalies", vendor_id="anyone")
    assert report.outcome == "succeeded"
    assert outcomes(report) == {"anomalies": "succeeded", "alignment": "left out"}
    assert report.notes == ("Left out: alignment, because the schema raw_alignment has no alignment tables.",)
    assert published == []


def test_a_domain_that_was_published_and_is_gone_fails_and_the_other_goes_on(
    settings: Settings, warehouse: Warehouse, published: list[str], no_dbt: None
) -> None:
    assert run_jobs(settings, warehouse, "alignment", "recommendations").outcome == "succeeded"
    with warehouse.connect() as connection:
        connection.execute("drop schema raw_alignment cascade")
    published.clear()
    report = run_jobs(settings, warehouse, "alignment", "recommendations")
    assert outcomes(report) == {"alignment": "failed", "recommendations": "succeeded"}
    assert published == [f"recommendations {DAY} all"]
    assert (report.outcome, report.exit_code) == ("failed", 1)
    assert "has no alignment tables any more, although results of them are published" in report.problems[0]


def test_a_schema_that_a_var_names_must_exist(
    settings: Settings, warehouse: Warehouse, published: list[str], no_dbt: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(vars(settings), "variables", {**settings.variables, "alignment_source_schema": "shop"})
    report = run_jobs(settings, warehouse, "alignment", "recommendations")
    assert outcomes(report) == {"alignment": "failed", "recommendations": "succeeded"}
    assert "the schema shop, which the var alignment_source_schema names, does not exist" in report.problems[0]


def test_far_less_data_than_in_the_newest_published_run_is_not_published(
    settings: Settings, warehouse: Warehouse, published: list[str], no_dbt: None
) -> None:
    def collections(number: int) -> None:
        with warehouse.connect() as connection:
            connection.execute('truncate raw_alignment."Collection" cascade')
            connection.execute(
                """insert into raw_alignment."Collection" select 'c' || n, 'Oak', 'acme-home', 0
                from generate_series(1, %s) as n""",
                [number],
            )

    collections(100)
    run_jobs(settings, warehouse)
    kept = query(warehouse, "select details -> 'counts' from fieldlab_ops.job_runs where kind = 'run'")
    assert kept[0][0]["source_rows"]["Collection"] == 100
    assert {"invoices", "lines", "selections", "displays"} < set(kept[0][0])

    collections(50)
    published.clear()
    assert run_jobs(settings, warehouse, "alignment").exit_code == 0
    collections(24)
    published.clear()
    report = run_jobs(settings, warehouse, as_of=DAY - timedelta(days=400))
    assert (report.outcome, report.exit_code, published) == ("failed", 3, [f"cleanup-expired {report.run.as_of} all"])
    assert "rows of Collection 24, then 50" in report.problems[0]
    by_vendor = run_jobs(settings, warehouse, "alignment", vendor_id="acme-home")
    assert by_vendor.exit_code == 3

    assert run_jobs(settings, warehouse, "alignment", publish_anyway=True).exit_code == 0
    assert run_jobs(settings, warehouse, "alignment").exit_code == 0


def test_far_fewer_invoices_that_count_publish_and_expire_nothing(
    settings: Settings, warehouse: Warehouse, published: list[str], no_dbt: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with warehouse.connect() as connection:
        connection.execute(
            """insert into raw_procurement."Invoice" (id, date, status)
            select n, '2025-03-01', 'APPROVED' from generate_series(1, 10) as n"""
        )
    assert run_jobs(settings, warehouse).exit_code == 0
    published.clear()
    monkeypatch.setitem(vars(settings), "variables", {**settings.variables, "counted_statuses": ["Approved"]})
    report = run_jobs(settings, warehouse)
    assert report.exit_code == 3
    assert "invoices 0, then 10" in report.problems[0]
    with pytest.raises(UnfitDataError, match="invoices 0, then 10"):
        backfill(settings, warehouse, [DAY], ["price-benchmarks"])
    assert published == [f"alignment {DAY} all"]


def test_a_run_without_anything_to_read_is_refused(settings: Settings, warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute("drop schema raw_alignment cascade; drop schema raw_procurement cascade")
    with pytest.raises(FieldlabError, match="raw_alignment has no alignment tables, and the schema raw_procurement"):
        run_jobs(settings, warehouse)
    with pytest.raises(FieldlabError, match="raw_alignment has no alignment tables"):
        run_jobs(settings, warehouse, "alignment")
    with pytest.raises(FieldlabError, match="raw_procurement"):
        backfill(settings, warehouse, [DAY])
    assert run_jobs(settings, warehouse, "cleanup-expired").outcome == "succeeded"


def test_a_domain_with_half_its_tables_is_refused(settings: Settings, warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute('drop table raw_alignment."Selection"')
    with pytest.raises(FieldlabError, match="raw_alignment has alignment tables but lacks Selection"):
        run_jobs(settings, warehouse, "alignment")
    assert run_jobs(settings, warehouse, "cleanup-expired").outcome == "succeeded"


def test_an_unknown_vendor_is_told_the_closest(settings: Settings, warehouse: Warehouse) -> None:
    with pytest.raises(FieldlabError, match="acme-hom") as refusal:
        run_jobs(settings, warehouse, "alignment", vendor_id="acme-hom")
    assert "acme-home" in refusal.value.hint


def test_rules_and_publishers_that_fail_do_not_stop_the_others(
    settings: Settings, warehouse: Warehouse, no_dbt: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: object) -> Published:
        raise KeyError("oops")

    publishers = {
        "alignment": bug,
        "recommendations": lambda *_: Published({"new": 3}, {"price_rise": "it broke"}),
        "cleanup-expired": lambda *_: Published({"expired": 1}),
    }
    monkeypatch.setattr("runner.ops.pipeline.PUBLISHERS", publishers)
    report = run_jobs(settings, warehouse, "alignment", "recommendations", "cleanup-expired")
    assert report.outcome == "failed"
    ends = {item.job.name: item.end for item in report.jobs}
    assert (ends["alignment"].outcome, ends["alignment"].published) == ("failed", False)
    assert (ends["recommendations"].outcome, ends["recommendations"].published) == ("failed", True)
    assert ends["cleanup-expired"].outcome == "succeeded"
    assert "rule price_rise: it broke" in report.problems
    assert any("KeyError: 'oops'" in problem for problem in report.problems)


def test_a_publisher_that_loses_its_connection_is_called_again(
    settings: Settings, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def loses_once(connection: psycopg.Connection, *_: object) -> Published:
        calls.append(1)
        if len(calls) == 1:
            with contextlib.suppress(psycopg.OperationalError):
                connection.execute("select pg_terminate_backend(pg_backend_pid())")
            connection.execute("select 1")
        return Published({})

    monkeypatch.setattr("runner.ops.retry.PAUSES", (0.1, 0.1, 0.1))
    monkeypatch.setattr("runner.ops.pipeline.PUBLISHERS", {"cleanup-expired": loses_once})
    assert run_jobs(settings, warehouse, "cleanup-expired").outcome == "succeeded"
    assert len(calls) == 2


def test_a_rule_that_takes_too_long_is_stopped_with_its_query(
    settings: Settings, warehouse: Warehouse, no_dbt: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(connection: psycopg.Connection, *_: object) -> Published:
        connection.execute("select pg_sleep(60)")
        return Published({})

    publishers = {"alignment": lambda *_: Published({}), "recommendations": endless}
    monkeypatch.setattr("runner.ops.pipeline.PUBLISHERS", publishers)
    report = run_jobs(settings, warehouse, "alignment", "recommendations", time_limit=1)
    assert outcomes(report) == {"alignment": "succeeded", "recommendations": "failed"}
    assert report.seconds < 10
    wait_until(lambda: not sleeping_sessions(warehouse), 2)


def test_a_date_ahead_is_built_with_a_warning(
    settings: Settings, warehouse: Warehouse, published: list[str], no_dbt: None
) -> None:
    assert "lies ahead" in run_jobs(settings, warehouse, "alignment", as_of=date(2999, 1, 1)).notes[0]


def test_parameters_that_cannot_be_fail_the_jobs_with_rules_alone(
    settings: Settings, warehouse: Warehouse, published: list[str], no_dbt: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise FieldlabError("keep.enabled is wrong.", "Correct it.")

    monkeypatch.setattr("runner.ops.pipeline.check_seed_file", refuse)
    report = run_jobs(settings, warehouse, "alignment", "anomalies")
    assert outcomes(report) == {"anomalies": "succeeded", "alignment": "failed"}
    assert (published, report.problems) == ([], ("keep.enabled is wrong. Correct it.",))


def test_a_job_without_models_succeeds(
    settings: Settings, warehouse: Warehouse, shared_dbt: None, published: list[str]
) -> None:
    report = run_jobs(settings, warehouse, "anomalies")
    assert (report.outcome, report.problems) == ("succeeded", ())


def test_a_lock_whose_session_was_lost_is_taken_again(settings: Settings, warehouse: Warehouse) -> None:
    run_jobs(settings, warehouse, "cleanup-expired")
    with RunLock(warehouse, settings) as lock:
        query(
            warehouse,
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' "
            "and database = (select oid from pg_database where datname = current_database())",
        )
        lock.hold()
        with pytest.raises(FieldlabError, match="Another run"):
            RunLock(warehouse, settings).__enter__()
