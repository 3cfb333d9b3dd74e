"""Which database fieldlab works in, and what it says when it cannot."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from runner.database import server_watch, warehouse
from runner.database.warehouse import Warehouse, configured_warehouse, embedded_server, is_transient, open_warehouse
from runner.errors import FieldlabError
from runner.settings import Settings, load_settings

PROFILE = """
fieldlab:
  target: "{{ env_var('CHOICE', 'embedded') }}"
  outputs:
    embedded:
      type: postgres
      host: "{{ env_var('NEVER_SET') }}"
      schema: anna
      threads: 2
    postgres:
      type: postgres
      host: db.example.com
      port: "{{ env_var('TEST_PORT', '5433') | as_number }}"
      user: anna
      pass: "{{ env_var('TEST_SECRET') }}"
      dbname: "ware house"
      schema: "dev_{{ env_var('TEST_USER', 'anna') }}"
      threads: 8
      role: reporting
      sslmode: verify-full
      sslrootcert: /certificates/root.crt
    other:
      type: duckdb
    half:
      type: postgres
      host: db.example.com
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A project without a server of its own: no variable and no profile of the developer's is seen."""
    for name in list(os.environ):
        if name.startswith(("PG", "DBT_", "FIELDLAB_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "dbt_project.yml").write_text("name: fieldlab\nvars: {lock_timeout: 60}\n", encoding="utf-8")
    return Settings(project_dir=tmp_path, home=tmp_path / "state")


def write_profile(folder: Path, text: str = PROFILE) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "profiles.yml").write_text(text, encoding="utf-8")


def parts_of(settings: Settings) -> Mapping[str, object]:
    configured = configured_warehouse(settings)
    assert configured
    return conninfo_to_dict(configured.url)


def test_without_a_choice_the_database_is_the_embedded_one(settings: Settings) -> None:
    assert configured_warehouse(settings) is None


def test_the_embedded_database_opens_and_stops_with_its_command(settings: Settings) -> None:
    with open_warehouse(settings) as opened:
        with opened.connect() as connection:
            assert connection.execute("show time zone").fetchone() == ("UTC",)
        assert opened.dbt_environment()["FIELDLAB_PGHOST"] == "127.0.0.1"
    with pytest.raises(FieldlabError, match="No connection to database fieldlab on"):
        opened.connect()


def test_an_embedded_server_that_was_killed_is_there_again_for_the_next_connection(settings: Settings) -> None:
    with open_warehouse(settings) as opened:
        with opened.connect() as connection:
            connection.execute("create table public.kept as select 1")
        os.kill(int(server_watch.postmaster(embedded_server(settings).folder)[0]), signal.SIGKILL)
        with opened.connect() as connection:
            assert connection.execute("table public.kept").fetchall() == [(1,)]
    assert not embedded_server(settings).is_running()


def test_a_url_takes_precedence_over_the_profile(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    write_profile(settings.project_dir)
    monkeypatch.setenv("DBT_TARGET", "postgres")
    monkeypatch.setenv("FIELDLAB_DATABASE_URL", "postgresql://bob:pw@localhost:6000/sales?connect_timeout=3")
    assert parts_of(settings) == {
        "host": "localhost",
        "port": "6000",
        "user": "bob",
        "password": "pw",
        "dbname": "sales",
        "connect_timeout": "3",
    }


@pytest.mark.parametrize("variable", ["DBT_TARGET", "CHOICE"])
def test_the_profile_chooses_by_its_target_or_by_dbts_variable(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    write_profile(settings.project_dir)
    assert configured_warehouse(settings) is None
    monkeypatch.setenv(variable, "postgres")
    monkeypatch.setenv("TEST_SECRET", "p@ss/w:rd")
    assert parts_of(settings) == {
        "host": "db.example.com",
        "port": "5433",
        "user": "anna",
        "password": "p@ss/w:rd",
        "dbname": "ware house",
        "options": "-c role=reporting",
        "sslmode": "verify-full",
        "sslrootcert": "/certificates/root.crt",
    }


def test_profiles_are_looked_for_where_dbt_does(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DBT_TARGET", "postgres")
    monkeypatch.setenv("TEST_SECRET", "x")
    assert configured_warehouse(settings) is None
    (tmp_path / "home").mkdir()
    write_profile(tmp_path / "home" / ".dbt")
    assert configured_warehouse(settings)
    write_profile(settings.project_dir, "another_project: {}")
    assert configured_warehouse(settings) is None
    write_profile(tmp_path / "elsewhere")
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path / "elsewhere"))
    assert configured_warehouse(settings)


def test_schema_and_threads_come_from_the_profile(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIELDLAB_PROJECT_DIR", str(settings.project_dir))
    plain = load_settings()
    assert (plain.target_schema, plain.threads) == ("fieldlab", 4)
    write_profile(settings.project_dir)
    embedded = load_settings()
    assert (embedded.target_schema, embedded.threads) == ("anna", 2)
    monkeypatch.setenv("DBT_TARGET", "postgres")
    monkeypatch.setenv("TEST_SECRET", "x")
    chosen = load_settings()
    assert (chosen.schema("ops"), chosen.threads) == ("dev_anna_ops", 8)
    configured = configured_warehouse(chosen)
    assert configured
    environment = configured.dbt_environment()
    assert environment["FIELDLAB_PGSCHEMA"] == "dev_anna"
    assert environment["FIELDLAB_PGTHREADS"] == "8"
    assert environment["FIELDLAB_PGROLE"] == "reporting"
    assert environment["FIELDLAB_PGSSLMODE"] == "verify-full"


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("absent", "no target absent"),
        ("other", "type duckdb"),
        ("half", "lacks port, user, password, database"),
        ("postgres", "TEST_SECRET, which is not set"),
    ],
)
def test_a_profile_that_cannot_be_used_is_explained(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, target: str, complaint: str
) -> None:
    write_profile(settings.project_dir)
    monkeypatch.setenv("DBT_TARGET", target)
    with pytest.raises(FieldlabError, match=complaint):
        configured_warehouse(settings)


@pytest.mark.parametrize("text", ["fieldlab: [", "- a list", 'fieldlab: {target: "{{ nonsense( }}", outputs: {}}'])
def test_a_profile_that_cannot_be_read_is_named(settings: Settings, text: str) -> None:
    write_profile(settings.project_dir, text)
    with pytest.raises(FieldlabError, match=r"profiles\.yml"):
        configured_warehouse(settings)


@pytest.mark.parametrize("url", ["postgresql+psycopg2://bob:secret@localhost/db", "not a url secret", "mysql://secret"])
def test_a_url_that_is_none_is_refused_without_showing_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("FIELDLAB_DATABASE_URL", url)
    with pytest.raises(FieldlabError) as refusal:
        configured_warehouse(settings)
    assert "secret" not in str(refusal.value) + refusal.value.hint
    assert refusal.value.__cause__ is None


def test_what_a_url_leaves_open_is_filled_in_for_dbt_too(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FIELDLAB_DATABASE_URL", "postgresql:///sales")
    monkeypatch.setenv("PGUSER", "carla")
    monkeypatch.setenv("PGPASSWORD", "from the environment")
    monkeypatch.setattr(warehouse, "SOCKET_FOLDERS", (str(tmp_path),))
    assert parts_of(settings)["host"] == "localhost"
    (tmp_path / ".s.PGSQL.5432").touch()
    assert parts_of(settings) == {
        "host": str(tmp_path),
        "port": "5432",
        "user": "carla",
        "password": "from the environment",
        "dbname": "sales",
    }


def test_an_address_of_version_six_stays_one(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIELDLAB_DATABASE_URL", "host=::1 user=bob dbname=sales")
    assert parts_of(settings)["host"] == "::1"


def test_a_connection_speaks_utc_whatever_the_server_prefers(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute(
            "do $$ begin execute format('alter database %I set timezone to ''Asia/Tokyo''', current_database()); end $$"
        )
    for autocommit in (True, False):
        with Warehouse(database_url).connect(autocommit=autocommit) as connection:
            assert connection.autocommit is autocommit
            assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
            assert connection.execute("show time zone").fetchone() == ("UTC",)
            assert connection.execute("show application_name").fetchone() == ("fieldlab",)


def test_the_session_takes_the_role_of_the_profile(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute("drop role if exists test_reporting")
        admin.execute("create role test_reporting")
    try:
        with Warehouse(f"{database_url}?options=-c%20role%3Dtest_reporting").connect() as connection:
            assert connection.execute("select current_user").fetchone() == ("test_reporting",)
    finally:
        with psycopg.connect(database_url, autocommit=True) as admin:
            admin.execute("drop role test_reporting")


@pytest.mark.parametrize(
    ("change", "reason", "transient"),
    [
        ({"dbname": "no_such_database"}, "does not exist", False),
        ({"port": "1"}, "refused", True),
        ({"host": "no-such-host.invalid"}, "no-such-host.invalid", False),
    ],
)
def test_a_failed_connection_names_the_place_and_never_the_password(
    database_url: str, change: dict[str, str], reason: str, transient: bool
) -> None:
    parts = {**conninfo_to_dict(database_url), "password": "kept-quiet", **change}
    if "dbname" in change:
        parts["password"] = conninfo_to_dict(database_url).get("password")
    url = "postgresql://{user}:{password}@{host}:{port}/{dbname}".format(**parts)
    with pytest.raises(FieldlabError, match=reason) as refusal:
        Warehouse(url).connect()
    words = str(refusal.value) + refusal.value.hint
    assert f"database {parts['dbname']} on {parts['host']}:{parts['port']} as user {parts['user']}" in words
    assert "kept-quiet" not in words
    assert is_transient(refusal.value) is transient


def test_what_may_pass_is_told_from_what_will_not() -> None:
    assert is_transient(errors.SerializationFailure("could not serialize access"))
    assert is_transient(errors.DeadlockDetected("deadlock detected"))
    assert is_transient(errors.TooManyConnections("sorry, too many clients already"))
    assert is_transient(errors.AdminShutdown("terminating connection due to administrator command"))
    assert is_transient(errors.ConnectionFailure("lost"))
    assert is_transient(psycopg.OperationalError("server closed the connection unexpectedly"))
    assert is_transient("Database Error in model spending_metrics: deadlock detected")
    assert not is_transient(errors.UndefinedTable('relation "deadlock detected" does not exist'))
    assert not is_transient(errors.QueryCanceled("canceling statement due to statement timeout"))
    assert not is_transient(errors.DiskFull("could not extend file"))
    assert not is_transient(psycopg.OperationalError('FATAL: password authentication failed for user "x"'))
    assert not is_transient("Database Error in model spending_metrics: division by zero")
    assert not is_transient(ValueError("server closed the connection"))


def test_a_failure_is_judged_by_its_cause() -> None:
    failure = FieldlabError("The run failed.")
    failure.__cause__ = errors.DeadlockDetected("deadlock detected")
    assert is_transient(failure)
