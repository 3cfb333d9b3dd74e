"""Sessions have our settings, whatever the role's own are and whatever others put into `public`."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from psycopg.conninfo import conninfo_to_dict
from tiny_project import prepare_database, write_tiny_project

from runner.cli import cli
from runner.database import session
from runner.database.warehouse import Warehouse
from runner.load.contract import tables_of
from runner.settings import load_settings

ODD = {
    "search_path": "public, pg_catalog",
    "datestyle": "SQL, DMY",
    "timezone": "Australia/Sydney",
    "intervalstyle": "sql_standard",
    "client_encoding": "LATIN1",
    "default_transaction_isolation": "serializable",
    "extra_float_digits": "-5",
    "standard_conforming_strings": "off",
    "transform_null_equals": "on",
    "lock_timeout": "1ms",
}

# Each function of PostgreSQL once more in `public`, with the same arguments: whoever calls one of them is told.
PLANT = """
do $plant$
declare
    planted record;
begin
    for planted in
        select
            quote_ident(proname) as name, pg_get_function_arguments(oid) as arguments,
            pg_get_function_result(oid) as result
        from pg_catalog.pg_proc
        where pronamespace = 'pg_catalog'::regnamespace and prokind = 'f' and not proretset
    loop
        begin
            execute format(
                'create function public.%s(%s) returns %s language plpgsql as '
                '$body$ begin raise exception ''a planted function was called''; end $body$',
                planted.name, planted.arguments, planted.result
            );
        exception when others then null;
        end;
    end loop;
    -- Arguments that fit what we call with better than PostgreSQL's own.
    create function public.hashtextextended(text, integer) returns bigint language plpgsql as
    $body$ begin raise exception 'a planted function was called'; end $body$;
    create function public.pg_notify(text, varchar) returns void language plpgsql as
    $body$ begin raise exception 'a planted function was called'; end $body$;
end $plant$
"""


@pytest.fixture
def odd_url(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """fieldlab works as a superuser with odd settings, in a database with planted functions."""
    parts = conninfo_to_dict(database_url)
    role = f"odd_{parts['dbname']}"
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute(f"create role {role} superuser login password 'odd'")
        prepare_database(database_url, load_settings())
        admin.execute(PLANT)
        for name, value in ODD.items():
            values = value if name == "search_path" else f"'{value}'"
            admin.execute(f"alter role {role} set {name} = {values}")
    url = f"postgresql://{role}:odd@{parts['host']}:{parts['port']}/{parts['dbname']}"
    monkeypatch.setenv("FIELDLAB_DATABASE_URL", url)
    yield url
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute(f"drop owned by {role} cascade; drop role {role}")


def test_every_setting_is_ours_for_the_runner_and_for_dbt(odd_url: str) -> None:
    warehouse = Warehouse(odd_url, lock_timeout="7s")
    with psycopg.connect(odd_url, options=warehouse.dbt_environment()["PGOPTIONS"]) as as_dbt:
        for connection in (warehouse.connect(), as_dbt):
            for name, value in session.settings("7s").items():
                row = connection.execute(f"select pg_catalog.current_setting('{name}')").fetchone()
                assert row == (value,)
            connection.close()
    assert set(ODD) == set(session.settings())


def test_the_planted_functions_are_called_without_our_settings(odd_url: str) -> None:
    with psycopg.connect(odd_url) as connection, pytest.raises(psycopg.errors.RaiseException, match="planted"):
        connection.execute("select current_setting('timezone')")


def test_every_command_works_as_a_role_with_odd_settings(odd_url: str, tmp_path: Path) -> None:
    def fieldlab(*arguments: str) -> str:
        done = CliRunner().invoke(cli, [*arguments])
        assert done.exit_code == 0, f"{arguments}: {done.output} {done.exception}"
        return done.stdout

    folder = tmp_path / "files"
    folder.mkdir()
    for table in tables_of("procurement"):
        with (folder / f"{table.name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow([column.name for column in table.required_columns])
    with (folder / "Vendor.csv").open("a", encoding="utf-8") as file:
        file.write("1,Café Łódź\n")
    loading = ["load", str(folder)] + (
        ["--yes"] if "--yes" in CliRunner().invoke(cli, ["load", "--help"]).output else []
    )
    fieldlab(*loading)
    fieldlab("run", "--job", "cleanup-expired", "--as-of", "2025-01-31")
    (row, _) = json.loads(fieldlab("jobs", "--json"))
    assert (row["outcome"], row["as_of"], row["started_at"][-6:]) == ("succeeded", "2025-01-31", "+00:00")
    assert "Nothing is open" in fieldlab("recommendations", "list")
    fieldlab("doctor")


def test_a_run_with_dbt_works_as_a_role_with_odd_settings(odd_url: str, tmp_path: Path) -> None:
    project = write_tiny_project(tmp_path / "project")
    environment = {**os.environ, "FIELDLAB_PROJECT_DIR": str(project), "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "runner", "run", "--job", "price-benchmarks", "--as-of", "2025-02-03"]
    done = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(odd_url, options=session.options()) as connection:
        row = connection.execute("select min(snapshot_date) from fieldlab_procurement.price_snapshots").fetchone()
    assert str(row[0] if row else "") == "2025-02-03"
