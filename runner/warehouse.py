"""The one place that says which database fieldlab works in, and opens it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.conninfo import conninfo_to_dict

from runner.errors import FieldlabError
from runner.settings import Settings


@dataclass(frozen=True)
class Warehouse:
    """A reachable database.

    Attributes:
        url: A libpq URL any client takes.
    """

    url: str

    def connect(self, *, autocommit: bool = False) -> psycopg.Connection:
        """Open a connection whose session speaks UTC and names itself `fieldlab`."""
        return psycopg.connect(self.url, autocommit=autocommit, application_name="fieldlab", options="-c timezone=UTC")

    def dbt_environment(self) -> Mapping[str, str]:
        """The FIELDLAB_PG… variables that the dbt profile reads."""
        parts = conninfo_to_dict(self.url)
        return {
            "FIELDLAB_PGHOST": str(parts.get("host") or "127.0.0.1"),
            "FIELDLAB_PGPORT": str(parts.get("port") or 5432),
            "FIELDLAB_PGUSER": str(parts.get("user") or ""),
            "FIELDLAB_PGPASSWORD": str(parts.get("password") or ""),
            "FIELDLAB_PGDATABASE": str(parts.get("dbname") or ""),
        }


@contextmanager
def open_warehouse(settings: Settings) -> Iterator[Warehouse]:
    """Give the database to work in; the embedded server runs for as long as it is open.

    Raises:
        FieldlabError: No database can be reached.
    """
    url = os.environ.get("FIELDLAB_DATABASE_URL")
    if not url:
        raise FieldlabError("The embedded database is not built yet.", "Set FIELDLAB_DATABASE_URL.")
    yield Warehouse(url)
