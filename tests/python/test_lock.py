"""One command that writes at a time, also behind a pooler."""

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from psycopg.conninfo import conninfo_to_dict

from runner.cli import cli
from runner.database import migrate, session
from runner.database.sources import create_source_tables
from runner.database.warehouse import Warehouse
from runner.errors import BusyError, FieldlabError
from runner.ops import runs
from runner.ops.lock import RunLock
from runner.ops.runs import Run
from runner.settings import Settings, load_settings

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")


@pytest.fixture
def settings(database_url: str) -> Settings:
    settings = load_settings()
    with psycopg.connect(database_url) as connection:
        migrate.ensure(connection, settings)
        create_source_tables(connection, settings, "procurement")
    return settings


@pytest.fixture
def warehouse(database_url: str) -> Warehouse:
    return Warehouse(database_url)


WRITERS = (
    ("load", "FOLDER"),
    ("run", "--job", "cleanup-expired"),
    ("backfill", "--from", "2025-01-01", "--to", "2025-01-01"),
    ("demo",),
    ("demo", "--remove"),
    ("rollback", "--yes"),
)


@pytest.mark.parametrize("command", WRITERS, ids=" ".join)
def test_a_command_that_writes_is_refused_while_another_is_under_way(
    command: tuple[str, ...], settings: Settings, warehouse: Warehouse, tmp_path: Path
) -> None:
    arguments = [str(tmp_path) if word == "FOLDER" else word for word in command]
    with RunLock(warehouse, settings, "load"):
        refused = CliRunner().invoke(cli, arguments)
    assert isinstance(refused.exception, BusyError)
    assert refused.exception.exit_code == 4
    name = f"fieldlab load, process {os.getpid()} on {socket.gethostname()}"[:63]
    assert f"under way: {name}, since 20" in str(refused.exception)
    assert "--wait" in refused.exception.hint


def test_waiting_for_the_lock_ends_when_it_is_free(settings: Settings, warehouse: Warehouse) -> None:
    first = RunLock(warehouse, settings).__enter__()
    end = threading.Timer(0.5, lambda: first.__exit__(None, None, None))
    end.start()
    with RunLock(warehouse, settings, wait=60):
        end.join()
        with pytest.raises(BusyError), RunLock(warehouse, settings, wait=1):
            pytest.fail("two hold the lock")
    ran = CliRunner().invoke(cli, ["run", "--job", "cleanup-expired", "--wait", "5"])
    assert ran.exit_code == 0


def test_the_lock_may_be_entered_again_by_its_holder(settings: Settings, warehouse: Warehouse) -> None:
    with RunLock(warehouse, settings) as lock:
        with lock:
            pass
        with pytest.raises(BusyError), RunLock(warehouse, settings):
            pytest.fail("it was given back too early")


def test_a_run_whose_process_is_gone_shows_as_interrupted_at_once(settings: Settings, warehouse: Warehouse) -> None:
    run = Run(as_of=date(2025, 1, 31), explicit_as_of=True)
    with RunLock(warehouse, settings), warehouse.connect() as connection:
        runs.begin(connection, settings, run, "run", ["alignment"])
        connection.commit()
        assert outcomes() == ["running", "running"]
    assert outcomes() == ["interrupted", "interrupted"]
    with warehouse.connect() as connection:
        query = "select distinct outcome from fieldlab_ops.job_runs"
        assert connection.execute(query).fetchall() == [("running",)], "a command that reads changed the row"


def outcomes() -> list[str]:
    rows = json.loads(CliRunner().invoke(cli, ["jobs", "--json"]).stdout)
    return [row["outcome"] for row in rows]


@pytest.fixture(params=["transaction", "session"])
def pooled_url(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The URL of the same database through pgbouncer."""
    if PGBOUNCER is None:
        pytest.skip("pgbouncer is not installed")
    parts = conninfo_to_dict(database_url)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (tmp_path / "pgbouncer.ini").write_text(
        f"""
[databases]
* = host={parts["host"]} port={parts["port"]} user={parts["user"]} password={parts["password"]}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {request.param}
""",
        encoding="utf-8",
    )
    user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    with (tmp_path / "pgbouncer.ini").open() as file, (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [PGBOUNCER, f"/dev/fd/{file.fileno()}"], stdout=log, stderr=log, pass_fds=[file.fileno()], **user
        )
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.05)
    url = f"postgresql://{parts['user']}:{parts['password']}@127.0.0.1:{port}/{parts['dbname']}"
    monkeypatch.setenv("FIELDLAB_DATABASE_URL", url)
    yield url
    process.terminate()
    process.wait()


@pytest.mark.parametrize("pooled_url", ["transaction"], indirect=True)
def test_a_pooler_of_transactions_is_refused_by_what_writes_and_not_by_what_reads(
    settings: Settings, pooled_url: str, tmp_path: Path
) -> None:
    for _ in range(3):
        for command in WRITERS:
            arguments = [str(tmp_path) if word == "FOLDER" else word for word in command]
            refused = CliRunner().invoke(cli, arguments)
            assert isinstance(refused.exception, FieldlabError), (command, refused.output)
            assert "gives each transaction another session" in str(refused.exception)
        assert CliRunner().invoke(cli, ["jobs"]).exit_code == 0
        assert CliRunner().invoke(cli, ["recommendations", "list"]).exit_code == 0
    with closing(psycopg.connect(pooled_url, autocommit=True)) as application:
        path = application.execute("select current_setting('search_path')").fetchone()
    assert path == ('"$user", public',), "our settings were left behind in a session that others are given"
    with Warehouse(pooled_url).connect(autocommit=True) as connection:
        assert connection.execute("show search_path").fetchone() == ('""',)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("create table fieldlab_ops.written ()")


@pytest.mark.parametrize("pooled_url", ["session"], indirect=True)
def test_a_pooler_of_sessions_is_as_good_as_the_server(settings: Settings, pooled_url: str) -> None:
    for _ in range(3):
        assert CliRunner().invoke(cli, ["run", "--job", "cleanup-expired"]).exit_code == 0
    with Warehouse(pooled_url, lock_timeout="7s").connect() as connection:
        for name, value in session.settings("7s").items():
            assert connection.execute(f"show {name}").fetchone() == (value or '""',)
