"""Readers: what they are granted, what is said of views a run drops, and of who keeps a run waiting."""

import contextlib
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
import yaml
from databases import fresh_database
from psycopg.conninfo import conninfo_to_dict
from tiny_project import FILES, prepare_database, write_tiny_project

from runner.database.server import EmbeddedServer
from runner.database.sources import create_source_tables
from runner.database.warehouse import Warehouse, open_warehouse
from runner.dbt.process import Dbt, open_dbt
from runner.errors import FieldlabError
from runner.ops.doctor import examine
from runner.ops.pipeline import run_pipeline
from runner.ops.report import Request, RunReport
from runner.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
DAY = date(2025, 3, 31)
DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny project, with the hook of the real one and a short patience."""
    folder = write_tiny_project(tmp_path_factory.mktemp("project"))
    text = FILES["dbt_project.yml"].replace("lock_timeout: 60", "lock_timeout: 1")
    text = text.replace("  timezone: UTC", "  timezone: UTC\n  reader_roles: [bi-reader]")
    text = text.replace(
        "    +schema: procurement", "    +schema: procurement\n    +post-hook: '{{ grant_readers(this) }}'"
    )
    (folder / "dbt_project.yml").write_text(text, encoding="utf-8")
    hook = (ROOT / "macros" / "dialect" / "grant_readers.sql").read_text(encoding="utf-8")
    (folder / "macros" / "grant_readers.sql").write_text(hook, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def shared_database(server_url: str) -> Iterator[str]:
    with fresh_database(server_url) as url:
        with psycopg.connect(server_url, autocommit=True) as admin:
            admin.execute(
                "do $$ begin create role \"bi-reader\" login password 'bi'; exception when others then null; end $$"
            )
        yield url


@pytest.fixture
def settings(shared_database: str, project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    monkeypatch.setenv("FIELDLAB_DATABASE_URL", shared_database)
    monkeypatch.setenv("FIELDLAB_PROJECT_DIR", str(project))
    monkeypatch.setenv("FIELDLAB_HOME", str(tmp_path))
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    monkeypatch.setattr("runner.dbt.process.PAUSES", (0.1,))
    settings = load_settings()
    with psycopg.connect(shared_database) as connection:
        for schema in ("control", "raw_alignment", "raw_procurement", "fieldlab_ops", "fieldlab_procurement", "mine"):
            connection.execute(f"drop schema if exists {schema} cascade")
    prepare_database(shared_database, settings)
    return settings


@pytest.fixture(scope="module")
def dbt_process(shared_database: str, project: Path) -> Iterator[Dbt]:
    with open_dbt(Settings(project, project), Warehouse(shared_database, lock_timeout="1s")) as dbt:
        yield dbt


@pytest.fixture
def run(settings: Settings, dbt_process: Dbt, monkeypatch: pytest.MonkeyPatch) -> "Run":
    monkeypatch.setattr("runner.ops.pipeline.open_dbt", lambda *_: contextlib.nullcontext(dbt_process))
    return Run(settings)


class Run:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def __call__(self, *jobs: str) -> RunReport:
        with open_warehouse(self.settings) as warehouse:
            return run_pipeline(self.settings, warehouse, Request(jobs or ("spending-metrics",), as_of=DAY))


def as_reader(url: str, role: str = "bi-reader", password: str = "bi") -> psycopg.Connection:
    parts = conninfo_to_dict(url)
    return psycopg.connect(f"postgresql://{role}:{password}@{parts['host']}:{parts['port']}/{parts['dbname']}")


def test_reader_roles_may_read_after_each_run_and_nothing_is_taken_from_others(run: Run, shared_database: str) -> None:
    for _ in range(2):
        report = run()
        assert report.outcome == "succeeded", report.problems
        with as_reader(shared_database) as reader:
            assert reader.execute("select count(*) from fieldlab_procurement.invoice_lines").fetchone() == (3,)
            assert reader.execute("select count(*) from fieldlab_ops.recommendations").fetchone() == (0,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute("delete from fieldlab_procurement.invoice_lines")


def test_a_reader_role_that_does_not_exist_is_refused_by_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        vars(run.settings), "variables", {**run.settings.variables, "reader_roles": ["no such", "bi-reader"]}
    )
    with pytest.raises(FieldlabError, match="reader_roles names no such, and the server has no such role"):
        run()


def test_a_view_that_a_run_drops_is_named_before_and_after(run: Run, shared_database: str) -> None:
    assert run("spending-metrics", "price-benchmarks").outcome == "succeeded"
    with psycopg.connect(shared_database) as connection:
        connection.execute("create schema mine")
        connection.execute("create view mine.report as select * from fieldlab_procurement.invoice_lines")
        connection.execute("create view mine.above as select * from mine.report")
        connection.execute("create view mine.kept as select * from fieldlab_procurement.price_snapshots")
    told = [check.message for check in examine() if "drops" in check.message]
    assert len(told) == 1
    assert "mine.report (reads fieldlab_procurement.invoice_lines)" in told[0]
    assert "mine.above" in told[0]
    assert "mine.kept" not in told[0]
    notes = "\n".join(run().notes)
    assert "The run dropped the view mine.report (reads fieldlab_procurement.invoice_lines)" in notes
    assert "mine.above" in notes
    assert "mine.kept" not in notes


def test_a_reader_that_keeps_a_run_waiting_is_named(run: Run, shared_database: str) -> None:
    assert run().outcome == "succeeded"
    with psycopg.connect(shared_database, application_name="metabase") as reader:
        reader.execute("select * from fieldlab_procurement.invoice_lines")
        report = run()
        assert report.outcome == "failed"
        words = rf"pid {reader.info.backend_pid} \(metabase, idle in transaction since \d\d:\d\d UTC\) reads "
        assert re.search(f"{words}fieldlab_procurement.invoice_lines", "\n".join(report.problems))


def test_marts_and_snapshots_carry_the_hook() -> None:
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    for part in (project["models"]["fieldlab"]["marts"], project["snapshots"]["fieldlab"]):
        assert part["+post-hook"] == "{{ grant_readers(this) }}"


@pytest.mark.parametrize(
    "programs",
    [None, pytest.param(DEBIAN and DEBIAN[-1].parent, marks=pytest.mark.skipif(not DEBIAN, reason="no Debian server"))],
    ids=["embedded", "debian"],
)
def test_the_roles_of_the_security_page_are_enough_and_no_more(
    programs: Path | None, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if programs:
        monkeypatch.setenv("PG_BIN", str(programs))
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    with (
        EmbeddedServer(tmp_path / "postgres", durable=False).use() as server,
        fresh_database(server, "warehouse") as url,
    ):
        project_file = project / "dbt_project.yml"
        before = project_file.read_text(encoding="utf-8")
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("create role app; grant create on database warehouse to app; create schema control")
            admin.execute("create schema shop authorization app; create schema showroom authorization app")
            for kind in ("runner", "reader"):
                for statements in re.findall(rf"```sql {kind}\n(.*?)```", page, flags=re.DOTALL):
                    admin.execute(statements)
            admin.execute("create table control.faults (fault text, value numeric); create sequence control.tries")
            admin.execute(
                "grant usage on schema control to fieldlab_runner; grant all on control.faults to fieldlab_runner"
            )
        try:
            text = before.replace("raw_procurement", "shop").replace("raw_alignment", "showroom")
            project_file.write_text(text.replace("bi-reader", "fieldlab_readers"), encoding="utf-8")
            parts = conninfo_to_dict(url)
            runner = f"postgresql://fieldlab_runner:a-long-random-one@{parts['host']}:{parts['port']}/warehouse"
            monkeypatch.setenv("FIELDLAB_DATABASE_URL", runner)
            monkeypatch.setenv("FIELDLAB_PROJECT_DIR", str(project))
            monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
            settings = load_settings()
            with psycopg.connect(url) as application:
                application.execute("set role app")
                for domain in ("alignment", "procurement"):
                    create_source_tables(application, settings, domain)
            report = Run(settings)()
            assert report.outcome == "succeeded", report.problems
        finally:
            project_file.write_text(before, encoding="utf-8")
        with as_reader(url, "metabase", "another-long-random-one") as reader:
            assert reader.execute("select count(*) from fieldlab_procurement.invoice_lines").fetchone() == (3,)
            for forbidden in ('select 1 from shop."Invoice"', "create table fieldlab_ops.x ()", "create schema x"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege), reader.transaction():
                    reader.execute(forbidden)
        with psycopg.connect(runner) as connection:
            for forbidden in ('delete from shop."Invoice"', "create schema x"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                    connection.execute(forbidden)
