"""`fieldlab demo`: what it leaves alone, how it is taken out again, and how it names itself."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from runner.cli import demo as command
from runner.database.sources import create_source_tables
from runner.database.warehouse import Warehouse
from runner.demo import generate
from runner.demo.foreign_data import refuse_foreign_data, refuse_foreign_files
from runner.demo.remove import remove
from runner.errors import FieldlabError
from runner.load.contract import DOMAINS
from runner.ops.lock import RunLock
from runner.settings import Settings, load_settings


def fieldlab(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "runner", *arguments], capture_output=True, text=True, check=False)


# --- What it leaves alone ------------------------------------------------------------------------------------------


@pytest.fixture
def settings(database_url: str) -> Settings:
    return load_settings()


def fill(url: str, settings: Settings, statement: str) -> None:
    """Make the source tables and run a statement."""
    with psycopg.connect(url) as connection:
        for domain in DOMAINS:
            create_source_tables(connection, settings, domain)
        connection.execute(statement)


def check(url: str, settings: Settings) -> None:
    with psycopg.connect(url) as connection:
        refuse_foreign_data(connection, settings)


def test_an_empty_database_is_free(database_url: str, settings: Settings) -> None:
    check(database_url, settings)
    fill(database_url, settings, "select 1")
    check(database_url, settings)


def test_what_the_demo_loaded_is_replaced(database_url: str, settings: Settings) -> None:
    fill(database_url, settings, """insert into raw_procurement."Vendor" values (1, 'Harbor Meats')""")
    check(database_url, settings)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("""insert into raw_procurement."Vendor" values (1, 'Harbor Meats'), (2, 'My Butcher')""", "Vendor My Butcher"),
        ("""insert into raw_alignment."Collection" values ('c', 'Mine', 'my-brand', 0)""", "Collection my-brand"),
        ("""insert into raw_procurement."Branch" values (1, 'Downtown')""", "raw_procurement.Branch"),
        ("""insert into raw_alignment."Dealer" values ('d', 'Mine', null, 'OTHER')""", "raw_alignment.Dealer"),
    ],
)
def test_data_of_ones_own_is_left_alone(database_url: str, settings: Settings, statement: str, named: str) -> None:
    fill(database_url, settings, statement)
    with pytest.raises(FieldlabError, match=f"data of your own.*{named}"):
        check(database_url, settings)
    done = fieldlab("demo")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    warehouse = Warehouse(database_url)
    with pytest.raises(FieldlabError, match="data of your own"):
        remove(settings, warehouse, RunLock(warehouse, settings))


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    generate(tmp_path)
    refuse_foreign_files(tmp_path)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(FieldlabError, match=r"notes\.txt"):
        refuse_foreign_files(tmp_path)


@pytest.mark.parametrize(
    ("name", "text"),
    [("Vendor.csv", "id,name\r\n1,My Butcher\r\n"), ("Dealer.csv", "id,name\r\n"), ("Collection.csv", "")],
)
def test_a_folder_with_an_export_of_ones_own_is_left_alone(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(FieldlabError, match="not the demo's"):
        refuse_foreign_files(tmp_path)


def test_a_new_folder_is_free(tmp_path: Path) -> None:
    refuse_foreign_files(tmp_path / "new")


# --- Taking it out again -------------------------------------------------------------------------------------------


def schemas(url: str) -> dict[str, int]:
    """The schemas that fieldlab uses, with the number of tables and views in each."""
    with psycopg.connect(url) as connection:
        return dict(
            connection.execute(
                """
                select nspname, count(relname)
                from pg_namespace
                left join pg_class on relnamespace = pg_namespace.oid and relkind in ('r', 'v')
                where nspname like 'raw%' or nspname like 'fieldlab%'
                group by 1
                """
            ).fetchall()
        )


def test_removing_the_demo_leaves_nothing_of_it(database_url: str, settings: Settings) -> None:
    fill(database_url, settings, """insert into raw_procurement."Vendor" values (1, 'Harbor Meats')""")
    with psycopg.connect(database_url) as connection:
        connection.execute("create schema fieldlab_shared")
        connection.execute("create schema fieldlab_staging")
        connection.execute('create view fieldlab_staging.stg as select * from raw_procurement."Vendor"')
    done = fieldlab("demo", "--remove")
    assert done.returncode == 0, done.stderr
    assert schemas(database_url) == {"raw_alignment": 0, "raw_procurement": 0}
    done = fieldlab("demo", "--remove")
    assert done.returncode == 1
    assert "no demo in this database" in done.stderr


# --- What to type next ---------------------------------------------------------------------------------------------


def test_the_command_is_named_as_it_was_called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FIELDLAB_HOME", raising=False)
    monkeypatch.delenv("FIELDLAB_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    program = tmp_path / ".venv" / "bin" / "fieldlab"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(program)])
    monkeypatch.setenv("PATH", "/usr/bin")
    assert command.command_name() == ".venv/bin/fieldlab"
    monkeypatch.setenv("PATH", str(program.parent))
    assert command.command_name() == "fieldlab"
    monkeypatch.setenv("FIELDLAB_HOME", "/a b")
    assert command.command_name() == "FIELDLAB_HOME='/a b' fieldlab"


def test_a_factor_below_one_is_wrong_usage() -> None:
    done = fieldlab("demo", "--factor", "0.5")
    assert done.returncode == 2
