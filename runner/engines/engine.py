"""What a run asks of an engine, whichever it is."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import duckdb

from runner.database.warehouse import Warehouse
from runner.dbt.process import DbtResult, Listener, ignore, open_dbt
from runner.engines.duckdb_sources import copy_histories, copy_sources
from runner.engines.marts import BuiltTable
from runner.errors import FieldlabError
from runner.load.readers import first_line, quoted
from runner.settings import Settings

ENGINES = ("duckdb",)


class Engine(Protocol):
    """An engine that dbt builds the marts in.

    Attributes:
        title: Its name as it is written.
        manifest: dbt's manifest.json of the last build.
    """

    title: str
    manifest: Mapping[str, Any]

    def copy_sources(self) -> None:
        """Make the source tables available to the engine."""

    def build(self, arguments: Sequence[str], environment: Mapping[str, str], listen: Listener = ignore) -> DbtResult:
        """Invoke dbt on the engine; as `Dbt.run`."""

    def reader(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection that can read what was built."""

    def relation(self, table: BuiltTable) -> str:
        """What was built, as the reader's SQL names it."""

    def count(self, table: BuiltTable) -> int:
        """How many rows were built."""


@contextmanager
def open_engine(settings: Settings, warehouse: Warehouse, name: str) -> Iterator[Engine]:
    """Open an engine for a run.

    Args:
        settings: The project.
        warehouse: PostgreSQL, where the sources are and the marts go.
        name: One of `ENGINES`.

    Raises:
        FieldlabError: The engine is not installed.
    """
    if find_spec(f"dbt.adapters.{name}") is None:
        raise FieldlabError(
            f"dbt's adapter for {name} is not installed.", f"Install it: pip install 'fieldlab[{name}]'."
        )
    folder = settings.home / "engines"
    folder.mkdir(parents=True, exist_ok=True)
    engine = DuckDb(settings, warehouse, folder / "marts.duckdb")
    try:
        yield engine
    finally:
        engine.close()


class DuckDb:
    """DuckDB: all tables in one file, which is kept from run to run for the models that are built incrementally."""

    title = "DuckDB"

    def __init__(self, settings: Settings, warehouse: Warehouse, file: Path) -> None:
        self.manifest: Mapping[str, Any] = {}
        self._settings = settings
        self._warehouse = warehouse
        self._file = file
        self._reader: duckdb.DuckDBPyConnection | None = None

    def copy_sources(self) -> None:
        """Copy PostgreSQL's source tables and histories into the file."""
        try:
            with duckdb.connect(self._file) as duck, self._warehouse.connect(read_only=True) as connection:
                copy_sources(connection, self._settings, duck)
                copy_histories(connection, self._settings, duck)
        except duckdb.Error as error:
            raise FieldlabError(
                f"DuckDB cannot take the source tables: {first_line(error)}",
                f"Another program may have {self._file} open; it may also be deleted, and is then made anew.",
            ) from error

    def build(self, arguments: Sequence[str], environment: Mapping[str, str], listen: Listener = ignore) -> DbtResult:
        """Invoke dbt in a process of its own: a file has one at a time that writes."""
        self.close()
        variables = {"FIELDLAB_DUCKDB_FILE": str(self._file)}
        target = self._settings.manifest_file.parent / "duckdb"
        with open_dbt(self._settings, self._warehouse, target, output="duckdb", variables=variables) as dbt:
            result = dbt.run(arguments, environment, listen)
            self.manifest = dbt.manifest() if result.nodes else {}
        return result

    def reader(self) -> duckdb.DuckDBPyConnection:
        """A connection to the file."""
        if self._reader is None:
            self._reader = duckdb.connect(self._file)
            self._reader.execute("set TimeZone = 'UTC'")
        return self._reader

    def relation(self, table: BuiltTable) -> str:
        """The table's name."""
        return f"{quoted(table.schema)}.{quoted(table.name)}"

    def count(self, table: BuiltTable) -> int:
        """How many rows the table has."""
        try:
            row = self.reader().execute(f"select count(*) from {self.relation(table)}").fetchone()
        except duckdb.Error as error:
            raise FieldlabError(f"What DuckDB built cannot be read: {first_line(error)}") from error
        return int(row[0]) if row else 0

    def close(self) -> None:
        """Let go of the file."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
