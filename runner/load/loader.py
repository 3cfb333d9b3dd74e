"""Loads a folder of files into the source tables: all of it or, when anything is wrong, nothing.

The files are read and checked in DuckDB, so that readers of the source tables are locked out only for the last part,
when the rows are put in place.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import psycopg
from psycopg import errors, sql

from runner.errors import FieldlabError
from runner.load import checks, tables
from runner.load.folder import find_files
from runner.load.problems import LoadRefused, grouped, write_problems
from runner.load.readers import AS_IS, Dialect, OpenedFile, first_line, literal, open_file, quoted
from runner.load.tables import LoadedTable
from runner.settings import Settings

# What is being done, and how much of all that is done by now, 0 to 1.
OnProgress = Callable[[str, float], None]

_MEMORY = "512MB"  # DuckDB's; beyond it, it uses the disk
_THREADS = 2


def load_folder(
    connection: psycopg.Connection,
    settings: Settings,
    folder: Path,
    *,
    append: bool = False,
    dialect: Dialect = AS_IS,
    may_shrink: Callable[[str], bool] = lambda _tables: False,
    errors_file: Path | None = None,
    on_progress: OnProgress = lambda _what, _done: None,
) -> list[LoadedTable]:
    """Load a folder and commit, or change nothing.

    Args:
        connection: A connection without an open transaction; it waits for a table that is in use for its own
            lock_timeout.
        settings: Says which schemas.
        folder: Holds the files.
        append: Add by primary key, a newer row in the place of an older one, instead of replacing all rows of every
            domain that has a file. Columns that a file lacks keep the values they have.
        dialect: What the user says about CSV files.
        may_shrink: Asked whether tables may be left with far fewer rows than they have; given what is told of them.
        errors_file: Where all problems are written; a header alone when there are none.
        on_progress: Told what is going on.

    Raises:
        LoadRefused: The files have problems.
        FieldlabError: The tables are not fieldlab's, are in use, or would shrink.
    """
    with TemporaryDirectory(prefix="fieldlab-load-") as name, duckdb.connect() as duck:
        scratch = Path(name)
        duck.execute(f"set memory_limit = '{_MEMORY}'; set threads = {_THREADS}; set TimeZone = 'UTC'")
        duck.execute(f"set temp_directory = {literal(name)}")
        files = _open(duck, folder, dialect, scratch, complete=not append, errors_file=errors_file)
        domains = sorted({file.table.domain for file in files})
        try:
            with connection.transaction():
                tables.begin(connection)
                for domain in domains:
                    tables.claim(connection, settings, domain)
                    tables.create(connection, settings, domain, files)
                there = tables.RowsThere(connection, settings) if append else None
                for position, file in enumerate(files):
                    on_progress(f"Reading {file.name}", position / len(files))
                    checks.examine(duck, files, position, decimal=dialect.decimal, scratch=scratch, there=there)
                _refuse_problems(duck, errors_file)
                if not append:
                    _guard_rows(connection, duck, settings, files, may_shrink)
                on_progress("Writing", 1.0)
                rows = {file.table.name: _export(duck, file, scratch) for file in files}
                loaded: list[LoadedTable] = []
                for domain in domains:
                    of_domain = [file for file in files if file.table.domain == domain]
                    loaded += tables.write(connection, settings.source_schema(domain), of_domain, rows, append=append)
        except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
            raise tables.in_use(connection, [settings.source_schema(domain) for domain in domains]) from error
        except RuntimeError as error:
            if "interrupted" in str(error):  # DuckDB's word for Ctrl-C
                raise KeyboardInterrupt from error
            raise
        except (duckdb.Error, OSError) as error:
            raise FieldlabError(
                f"The files cannot be read: {first_line(error)}", f"Is there room in {scratch.parent}?"
            ) from error
    for table in loaded:
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(table.schema, table.table)))
    connection.commit()
    return loaded


# --- The files -----------------------------------------------------------------------------------------------------


def _open(
    duck: duckdb.DuckDBPyConnection,
    folder: Path,
    dialect: Dialect,
    scratch: Path,
    *,
    complete: bool,
    errors_file: Path | None,
) -> list[OpenedFile]:
    """Read all headers; refuse what is wrong with them and with the files' names."""
    sources, problems = find_files(folder, complete=complete, errors_file=errors_file)
    files: list[OpenedFile] = []
    for source in sources:
        opened = open_file(duck, source, dialect, scratch)
        if isinstance(opened, OpenedFile):
            files.append(opened)
        else:
            problems += opened
    if errors_file:
        write_problems(errors_file, problems)
    if problems:
        raise LoadRefused(grouped(problems), errors_file)
    checks.start(duck)
    return files


def _refuse_problems(duck: duckdb.DuckDBPyConnection, errors_file: Path | None) -> None:
    groups = checks.groups(duck)
    if errors_file:
        write_problems(errors_file, checks.all_problems(duck))
    if groups:
        raise LoadRefused(groups, errors_file)


def _guard_rows(
    connection: psycopg.Connection,
    duck: duckdb.DuckDBPyConnection,
    settings: Settings,
    files: Sequence[OpenedFile],
    may_shrink: Callable[[str], bool],
) -> None:
    """Ask before tables lose most of their rows, or all."""
    share = Fraction(str(settings.variable("max_shrink_share")))
    new = {file.table.name: _count(duck.execute(f"select count(*) from {quoted(file.table.name)}")) for file in files}
    shrinking = []
    for domain in sorted({file.table.domain for file in files}):
        schema = settings.source_schema(domain)
        for table in tables.existing(connection, schema, domain):
            relation = sql.Identifier(schema, table.name)
            old = _count(connection.execute(sql.SQL("select count(*) from {}").format(relation)))
            rows = new.get(table.name, 0)
            if rows < share * old:
                shrinking.append(f"  {schema}.{table.name}: {rows:,} rows in place of {old:,}")
    told = "\n".join(shrinking)
    if shrinking and not may_shrink(told):
        raise FieldlabError(
            f"The files hold far fewer rows than are there; nothing was changed.\n{told}",
            "If that is meant, load them with --yes.",
        )


def _count(found: Any) -> int:
    return int(found.fetchone()[0])


def _export(duck: duckdb.DuckDBPyConnection, file: OpenedFile, scratch: Path) -> Path:
    """Write the rows as PostgreSQL's COPY reads them: null is an empty field, an empty text a pair of quotes."""
    path = scratch / f"{file.table.name}.rows"
    columns = ", ".join(quoted(column.name) for column in file.named_columns)
    duck.execute(
        f"copy (select {columns} from {quoted(file.table.name)}) to {literal(str(path))} (format csv, header false)"
    )
    return path
