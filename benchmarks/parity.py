"""Whether an engine computes what PostgreSQL computes: every mart of both, row by row, to 12 decimals.

Loads the demo's data, or a folder of source files, into a throw-away embedded server, builds all models there and on
the engine, and counts the rows of each mart that only one of the two has. Exit code 1 when there are any.

Example: python -m benchmarks.parity --engine duckdb
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg
from psycopg import sql
from rich.table import Table

from runner.cli.console import out
from runner.database.server import EmbeddedServer
from runner.database.warehouse import Warehouse
from runner.dbt.process import DbtResult, open_dbt
from runner.demo import generate
from runner.engines import ENGINES, Engine, open_engine
from runner.engines.copy import copy_table
from runner.engines.marts import BuiltTable, built_tables
from runner.load.loader import load_folder
from runner.settings import Settings, load_settings

DEMO_AS_OF = date(2025, 10, 31)

# What differs by its nature: the moment and the name of a run, and hashes, which each engine has its own of.
NOT_COMPARED = ("computed_at", "run_id", "content_fingerprint")
# Texts with numbers of the source in them: PostgreSQL shows 12.50 as it was written, an engine 12.5.
WITH_NUMBERS = ("source_quality",)
TRAILING_ZEROS = r"([.][0-9]*?)0+([^0-9]|$)"

BUILD = [
    *("build", "--exclude", "source:fieldlab_ops+"),
    *("--exclude-resource-type", "test", "unit_test", "snapshot"),
]


@dataclass(frozen=True)
class Difference:
    """How one mart compares.

    Attributes:
        name: The mart.
        rows: Rows that PostgreSQL has.
        only_postgres: Rows that only PostgreSQL has.
        only_engine: Rows that only the engine has.
        examples: Some of them, those of PostgreSQL first.
    """

    name: str
    rows: int
    only_postgres: int
    only_engine: int
    examples: Sequence[str] = ()


def main() -> None:
    """Build on both, compare, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=ENGINES, required=True)
    parser.add_argument("--folder", type=Path, help="source files; without it, the demo's data")
    parser.add_argument("--as-of", type=date.fromisoformat, default=DEMO_AS_OF)
    arguments = parser.parse_args()
    settings = load_settings()
    with tempfile.TemporaryDirectory() as scratch, _loaded(settings, Path(scratch), arguments) as warehouse:
        differences = compare(settings, warehouse, arguments.engine, arguments.as_of)
    show(arguments.engine, differences)
    sys.exit(int(any(item.only_postgres or item.only_engine for item in differences)))


@contextmanager
def _loaded(settings: Settings, scratch: Path, arguments: argparse.Namespace) -> Iterator[Warehouse]:
    """A database with the source tables."""
    server = EmbeddedServer(scratch / "db", settings.project_dir)
    with server.use() as url:
        warehouse = Warehouse(url)
        folder = arguments.folder
        if folder is None:
            folder = scratch / "files"
            folder.mkdir()
            generate(folder, as_of=arguments.as_of)
        with warehouse.connect() as connection:
            load_folder(connection, settings, folder)
        yield warehouse


def compare(settings: Settings, warehouse: Warehouse, engine_name: str, as_of: date) -> list[Difference]:
    """Build all models on PostgreSQL and on an engine, and compare every mart.

    Args:
        settings: The project.
        warehouse: The database with the source tables.
        engine_name: One of `ENGINES`.
        as_of: The date of both builds.
    """
    environment = {"FIELDLAB_AS_OF": as_of.isoformat(), "FIELDLAB_RUN_ID": "parity"}
    with open_dbt(settings, warehouse) as dbt:
        begun = time.monotonic()
        _must_succeed(dbt.invoke(BUILD, environment))
        out().print(f"PostgreSQL: {time.monotonic() - begun:.1f} s")
        tables = [table for table in built_tables(dbt.manifest()) if table.types]
    with open_engine(settings, warehouse, engine_name) as engine:
        begun = time.monotonic()
        engine.copy_sources()
        out().print(f"Sources to {engine.title}: {time.monotonic() - begun:.1f} s")
        begun = time.monotonic()
        _must_succeed(engine.build([*BUILD, "--full-refresh"], environment))
        out().print(f"{engine.title}: {time.monotonic() - begun:.1f} s")
        with warehouse.connect() as connection, tempfile.TemporaryDirectory() as scratch:
            return [_compare_mart(connection, engine, table, Path(scratch)) for table in tables]


def _must_succeed(result: DbtResult) -> None:
    if not result.success:
        sys.exit("\n".join(result.explain()))


def _compare_mart(connection: psycopg.Connection, engine: Engine, mart: BuiltTable, scratch: Path) -> Difference:
    """Copy a mart of the engine beside PostgreSQL's and take each from the other."""
    copied = sql.Identifier(mart.schema, "of_the_engine")
    with connection.transaction(force_rollback=True):
        copy_table(connection, engine, mart, copied, scratch)
        columns = sql.SQL(", ").join(
            _comparable(mart, name, type_) for name, type_ in mart.types.items() if name not in NOT_COMPARED
        )
        ours = sql.SQL("select {} from {}").format(columns, sql.Identifier(mart.schema, mart.name))
        theirs = sql.SQL("select {} from {}").format(columns, copied)
        missing = sql.SQL("({} except all {}) as missing").format(ours, theirs)
        added = sql.SQL("({} except all {}) as added").format(theirs, ours)
        counts = [
            _one(connection, sql.SQL("select count(*) from {}").format(rows))
            for rows in (sql.SQL("({}) as ours").format(ours), missing, added)
        ]
        examples = [
            str(row)
            for rows in (missing, added)
            for row in connection.execute(sql.SQL("select * from {} order by 1, 2, 3 limit 2").format(rows))
        ]
    return Difference(mart.name, *counts, examples=examples)


def _comparable(mart: BuiltTable, column: str, type_: str) -> sql.Composable:
    """A column as both sides show it alike."""
    name = sql.Identifier(column)
    if type_.startswith("numeric"):
        return sql.SQL("trim_scale(round({}, 12)) as {}").format(name, name)
    if mart.name in WITH_NUMBERS and type_ in ("text", "jsonb"):
        return sql.SQL("regexp_replace(cast({} as text), {}, {}, 'g') as {}").format(
            name, sql.Literal(TRAILING_ZEROS), sql.Literal(r"\1\2"), name
        )
    return sql.SQL("{}").format(name)


def _one(connection: psycopg.Connection, query: sql.Composed) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def show(engine: str, differences: Sequence[Difference]) -> None:
    """Print the table of marts, and some rows of those that differ."""
    table = Table(title=f"PostgreSQL and {engine}")
    for heading in ("Mart", "Rows", "Only PostgreSQL", f"Only {engine}"):
        table.add_column(heading, justify="left" if heading == "Mart" else "right")
    for item in differences:
        table.add_row(item.name, f"{item.rows:,}", f"{item.only_postgres:,}", f"{item.only_engine:,}")
    out().print(table)
    for item in differences:
        for example in item.examples:
            out().print(f"{item.name}: {re.sub(r'datetime.date', 'date', example)}", markup=False)


if __name__ == "__main__":
    main()
