"""Copies of the whole database in one file, by PostgreSQL's own pg_dump and pg_restore."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from runner.database.binaries import find_binaries
from runner.database.warehouse import Warehouse
from runner.errors import FieldlabError
from runner.files import written_whole

LIBPQ_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "options": "PGOPTIONS",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


def libpq_environment(url: str) -> Mapping[str, str]:
    """The environment in which PostgreSQL's programs reach a database: command lines are seen by everybody."""
    parts = conninfo_to_dict(url)
    variables = {variable: str(parts[name]) for name, variable in LIBPQ_VARIABLES.items() if parts.get(name)}
    return {**os.environ, **variables}


def backup(warehouse: Warehouse, file: Path) -> int:
    """Write everything that is in the database to a file that only its owner may read; whole or not at all.

    Returns:
        Its size in bytes.

    Raises:
        FieldlabError: There is something else of that name, or pg_dump failed.
    """
    with written_whole(file, 0o600) as unfinished:
        _run(warehouse, ["pg_dump", "--format=custom", f"--file={unfinished}"], "The backup failed")
    return file.stat().st_size


def restore(warehouse: Warehouse, file: Path) -> None:
    """Put back what a backup holds in place of what is there; all of it, or nothing when anything fails.

    Raises:
        FieldlabError: pg_restore failed, and nothing was changed.
    """
    options = ["--clean", "--if-exists", "--no-owner", "--single-transaction", f"--dbname={_database(warehouse)}"]
    _run(warehouse, ["pg_restore", *options, str(file)], "Nothing was restored")


def _database(warehouse: Warehouse) -> str:
    return str(conninfo_to_dict(warehouse.url)["dbname"])


def _run(warehouse: Warehouse, command: Sequence[str], problem: str) -> None:
    program, *arguments = command
    done = subprocess.run(
        [find_binaries() / program, *arguments],
        env={**libpq_environment(warehouse.url), "LC_ALL": "C"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "error:" in line] or done.stderr.splitlines()
        raise FieldlabError(f"{problem}: {lines[0] if lines else f'{program} did not say why'}")
