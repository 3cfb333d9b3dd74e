"""A database with dbt on it, for tests that build the project's own models."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from databases import fresh_database
from psycopg.rows import dict_row

from runner.database.sources import create_source_tables
from runner.database.warehouse import Warehouse
from runner.dbt.process import Dbt, open_dbt
from runner.settings import load_settings

SCHEMAS = ("staging", "alignment", "procurement", "shared", "snapshots", "ops")


@dataclass(frozen=True)
class DbtDatabase:
    """dbt, and the database it works in."""

    dbt: Dbt
    url: str

    def connect(self, schema: str) -> psycopg.Connection:
        """A connection that finds tables in `schema`; its rows are dicts."""
        return psycopg.connect(self.url, options=f"-c search_path={schema}", row_factory=dict_row)

    def reset(self, domain: str) -> None:
        """Leave nothing but empty source tables of one domain."""
        with psycopg.connect(self.url) as connection:
            for schema in ("raw_alignment", "raw_procurement", *(f"fieldlab_{part}" for part in SCHEMAS)):
                connection.execute(f"drop schema if exists {schema} cascade")
            create_source_tables(connection, load_settings(), domain, with_optional=True)

    def run(self, command: str, *arguments: str, as_of: date) -> None:
        """Invoke dbt as of a date; it must succeed."""
        result = self.dbt.invoke([command, *arguments], {"FIELDLAB_AS_OF": as_of.isoformat()})
        if not result.success:
            pytest.fail("\n".join(result.explain()))

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query."""
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(query).fetchall()


@contextmanager
def dbt_database(server_url: str, folder: Path) -> Iterator[DbtDatabase]:
    """A fresh database and dbt on it. One for a whole module, because dbt takes seconds to start.

    All modules of a test process have the name of the database and dbt's target folder in common, one after the other:
    another name, or another folder, would cost dbt a full parse each time.
    """
    session = folder.parent
    name = f"test_{sha256(str(session).encode()).hexdigest()[:12]}"
    with fresh_database(server_url, name) as url, pytest.MonkeyPatch.context() as environment:
        environment.setenv("FIELDLAB_HOME", str(folder / "home"))
        environment.setenv("DBT_TARGET_PATH", str(session / "target"))
        environment.setenv("DBT_PROFILES_DIR", str(folder))  # not the developer's own profile
        environment.delenv("DBT_TARGET", raising=False)
        with open_dbt(load_settings(), Warehouse(url)) as dbt:
            yield DbtDatabase(dbt, url)
