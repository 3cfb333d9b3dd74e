"""`fieldlab db`, and plain dbt with profiles.yml.example."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict

from runner.database.server import EmbeddedServer

ROOT = Path(__file__).resolve().parents[2]
Fieldlab = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def environment(home: Path, tmp_path: Path) -> dict[str, str]:
    """An environment in which nothing but the embedded database is chosen."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DBT_", "FIELDLAB_"))}
    return {
        **ours,
        "FIELDLAB_HOME": str(home),
        "HOME": str(tmp_path),
        "DBT_PROFILES_DIR": str(tmp_path),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


@pytest.fixture
def fieldlab(environment: dict[str, str], home: Path) -> Iterator[Fieldlab]:
    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "runner", *arguments],
            cwd=ROOT,
            env={**environment, **more},
            capture_output=True,
            text=True,
            check=False,
        )

    yield run
    EmbeddedServer(home / "postgres").stop(at_once=True)


def test_start_leaves_the_database_running_and_stop_ends_it(fieldlab: Fieldlab) -> None:
    started = fieldlab("db", "start")
    assert (started.returncode, started.stderr) == (0, "")
    assert "is running on port" in started.stdout
    assert fieldlab("db", "start").returncode == 0
    status = json.loads(fieldlab("db", "status", "--json").stdout)
    assert (status["kind"], status["running"], status["kept"]) == ("embedded", True, True)
    assert status["data_bytes"] > 10_000_000
    with psycopg.connect(fieldlab("db", "url").stdout.strip()) as connection:
        assert connection.info.port == status["port"]
        assert connection.execute("show server_version").fetchone() == (status["version"],)
    assert fieldlab("db", "stop").stdout == "The database is stopped.\n"
    assert fieldlab("db", "stop").stdout == "The database was not running.\n"
    assert json.loads(fieldlab("db", "status", "--json").stdout)["running"] is False


def test_the_url_of_a_stopped_database_comes_with_a_word_of_warning(fieldlab: Fieldlab, tmp_path: Path) -> None:
    fieldlab("db", "start")
    fieldlab("db", "stop")
    shown = fieldlab("db", "url")
    assert shown.returncode == 0
    assert shown.stdout.startswith("postgresql://fieldlab:")
    assert "not running" in shown.stderr
    never_started = fieldlab("db", "url", FIELDLAB_HOME=str(tmp_path / "new"))
    assert (never_started.returncode, never_started.stdout) == (1, "")
    assert "fieldlab db start" in never_started.stderr


@pytest.mark.parametrize("installed", [True, False])
def test_psql_starts_the_database_and_passes_arguments_on(
    fieldlab: Fieldlab, home: Path, tmp_path: Path, installed: bool
) -> None:
    if installed:
        program = tmp_path / "psql"
        program.write_text('#!/bin/sh\necho "$PGUSER $PGDATABASE $*"\nexit 3\n', encoding="utf-8")
        program.chmod(0o755)
        done = fieldlab("db", "psql", "-Atc", "select 1", PATH=str(tmp_path))
        assert (done.returncode, done.stdout) == (3, "fieldlab fieldlab -Atc select 1\n")
    else:
        done = fieldlab("db", "psql", "-At", "-c", "select 41 + 1", PATH="")
        assert (done.returncode, done.stdout) == (0, "42\n"), done.stderr
    server = EmbeddedServer(home / "postgres")
    assert server.stop()


def test_a_server_of_ones_own_is_neither_started_nor_stopped(fieldlab: Fieldlab, server_url: str) -> None:
    for command in ("start", "stop"):
        done = fieldlab("db", command, FIELDLAB_DATABASE_URL=server_url)
        assert done.returncode == 0
        assert "FIELDLAB_DATABASE_URL names a server" in done.stdout
        assert (conninfo_to_dict(server_url).get("password") or "?") not in done.stdout
    status = json.loads(fieldlab("db", "status", "--json", FIELDLAB_DATABASE_URL=server_url).stdout)
    assert (status["kind"], status["running"], status["from"]) == ("server", True, "FIELDLAB_DATABASE_URL")
    assert conninfo_to_dict(fieldlab("db", "url", FIELDLAB_DATABASE_URL=server_url).stdout.strip()).items() >= (
        conninfo_to_dict(server_url).items()
    )
    assert fieldlab("db", "psql", "-Atc", "select 1", FIELDLAB_DATABASE_URL=server_url).stdout == "1\n"


def test_a_server_that_does_not_answer_is_an_error(fieldlab: Fieldlab) -> None:
    done = fieldlab("db", "status", FIELDLAB_DATABASE_URL="postgresql://bob:secret@127.0.0.1:1/sales")
    assert done.returncode == 1
    assert "No connection to database sales on 127.0.0.1:1 as user bob" in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_backup_is_put_back_whole_or_not_at_all(fieldlab: Fieldlab, tmp_path: Path) -> None:
    def sql(text: str) -> str:
        return fieldlab("db", "psql", "-Atc", text, PATH="").stdout.strip()

    assert fieldlab("db", "start").returncode == 0
    sql("create schema fieldlab_ops; create table fieldlab_ops.decisions as select 'APPLIED' as status")
    file = tmp_path / "night.dump"
    written = fieldlab("db", "backup", str(file))
    assert written.returncode == 0, written.stderr
    assert file.stat().st_mode & 0o077 == 0
    sql("drop schema fieldlab_ops cascade; create table public.later ()")

    asked = fieldlab("db", "restore", str(file))
    assert (asked.returncode, sql("select to_regnamespace('fieldlab_ops')")) == (2, "")
    assert "--yes" in asked.stderr
    restored = fieldlab("db", "restore", str(file), "--yes")
    assert restored.returncode == 0, restored.stderr
    assert sql("select status from fieldlab_ops.decisions") == "APPLIED"

    sql("update fieldlab_ops.decisions set status = 'DISMISSED'; create view v as select * from fieldlab_ops.decisions")
    refused = fieldlab("db", "restore", str(file), "--yes")
    assert refused.returncode == 1
    assert "Nothing was restored" in refused.stderr
    assert sql("select status from fieldlab_ops.decisions") == "DISMISSED"

    os.mkfifo(tmp_path / "pipe")
    other = fieldlab("db", "backup", str(tmp_path / "pipe"))
    assert (other.returncode, (tmp_path / "pipe").is_fifo()) == (1, True)
    assert "no ordinary file" in other.stderr
    half = fieldlab("db", "backup", str(tmp_path / "no such folder" / "x"))
    assert half.returncode == 1
    assert "Traceback" not in half.stderr
    (tmp_path / "no.dump").write_text("not a backup", encoding="utf-8")
    assert fieldlab("db", "restore", str(tmp_path / "no.dump"), "--yes").returncode == 1


def test_wrong_usage_is_exit_code_two(fieldlab: Fieldlab) -> None:
    assert fieldlab("db", "restart").returncode == 2
    assert fieldlab("db", "stop", "--quickly").returncode == 2
    assert "Example:" in fieldlab("db", "psql", "--help").stdout


def test_plain_dbt_works_with_both_targets_of_the_example(
    fieldlab: Fieldlab, environment: dict[str, str], tmp_path: Path
) -> None:
    shutil.copy(ROOT / "profiles.yml.example", tmp_path / "profiles.yml")
    assert fieldlab("db", "start").returncode == 0
    exports = fieldlab("db", "url", "--export").stdout.splitlines()
    embedded = dict(shlex.split(line)[1].split("=", 1) for line in exports)
    assert "WAREHOUSE_HOST" not in " ".join(exports)
    warehouse = {
        f"WAREHOUSE_{name}": embedded[f"FIELDLAB_PG{name}"] for name in ("HOST", "PORT", "USER", "PASSWORD", "DATABASE")
    }
    for target, variables in (("embedded", embedded), ("postgres", warehouse)):
        checked = subprocess.run(
            [Path(sys.executable).with_name("dbt"), "debug", "--target", target, "--log-path", str(tmp_path)],
            cwd=ROOT,
            env={**environment, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stdout
        assert "OK connection ok" in checked.stdout
    through_the_profile = fieldlab("db", "status", "--json", DBT_TARGET="postgres", **warehouse)
    assert json.loads(through_the_profile.stdout)["from"] == f"target postgres in {tmp_path}/profiles.yml"


def test_the_example_holds_no_secret() -> None:
    outputs = yaml.safe_load((ROOT / "profiles.yml.example").read_text(encoding="utf-8"))["fieldlab"]["outputs"]
    assert set(outputs) == {"embedded", "postgres", "duckdb"}
    assert set(outputs.pop("duckdb")) <= {"type", "path", "schema", "threads", "settings", "extensions"}
    for target in outputs.values():
        for name in ("host", "port", "user", "password", "dbname"):
            assert target[name].startswith("{{ env_var(")
