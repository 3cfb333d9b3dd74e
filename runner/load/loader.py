"""Loads a folder of files into the source tables: all of it or, when anything is wrong, nothing.

The files first go as text into temporary tables and are checked there, so that readers of the source tables are locked
out only for the last part, when the rows are put in place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import errors, sql

from runner.database.sources import (
    MADE_BY_FIELDLAB,
    add_column,
    add_foreign_key,
    create_source_tables,
    create_table,
    drop_foreign_key,
)
from runner.errors import FieldlabError
from runner.load import staging
from runner.load.contract import Column, Table, tables_of
from runner.load.folder import open_folder
from runner.load.problems import LoadRefused, write_problems
from runner.load.records import OpenedFile
from runner.load.values import PRIMARY_KEY, value_of
from runner.settings import Settings

# What is being done, and how much of all the files has been read by now, 0 to 1.
OnProgress = Callable[[str, float], None]

_LOCK_TIMEOUT_SECONDS = 10

# The advisory lock that keeps a second load out.
LOAD_LOCK = "fieldlab load"


@dataclass(frozen=True)
class LoadedTable:
    """What became of one table.

    Attributes:
        schema: The source schema.
        table: The table's name.
        file: The file its rows came from; None: an optional table that has no file and is empty now.
        rows: Rows of the file.
        replaced: How many of them took the place of a row with the same id; None unless rows were appended.
    """

    schema: str
    table: str
    file: str | None
    rows: int
    replaced: int | None = None


def load_folder(
    connection: psycopg.Connection,
    settings: Settings,
    folder: Path,
    *,
    append: bool = False,
    errors_file: Path | None = None,
    on_progress: OnProgress = lambda _what, _done: None,
    lock_timeout_seconds: float = _LOCK_TIMEOUT_SECONDS,
) -> list[LoadedTable]:
    """Load a folder and commit, or change nothing.

    Args:
        connection: A connection without an open transaction.
        settings: Says which schemas.
        folder: Holds the files.
        append: Add by primary key, a newer row in the place of an older one, instead of replacing all rows of every
            domain that has a file. Columns that a file lacks keep the values they have.
        errors_file: Where all problems are written; a header alone when there are none.
        on_progress: Told what is going on.
        lock_timeout_seconds: How long to wait until nobody else uses a source table.

    Raises:
        LoadRefused: The files have problems.
        FieldlabError: The tables are not fieldlab's, or are in use.
    """
    files, problems = open_folder(folder, complete=not append, errors_file=errors_file)
    if errors_file:
        write_problems(errors_file, problems)
    if problems:
        raise LoadRefused(problems, len(problems), errors_file)
    domains = sorted({file.table.domain for file in files})
    try:
        with connection.transaction():
            _begin(connection, lock_timeout_seconds)
            for domain in domains:
                _claim_tables(connection, settings, domain)
                _create_tables(connection, settings, domain, files)
            _stage(connection, files, on_progress)
            on_progress("Checking", 1.0)
            _check(connection, settings, files, append=append)
            _refuse_problems(connection, errors_file)
            on_progress("Writing", 1.0)
            loaded: list[LoadedTable] = []
            for domain in domains:
                of_domain = [file for file in files if file.table.domain == domain]
                loaded += _write(connection, settings.source_schema(domain), domain, of_domain, append=append)
    except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
        raise _in_use(connection, [settings.source_schema(domain) for domain in domains]) from error
    for table in loaded:
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(table.schema, table.table)))
    connection.commit()
    return loaded


def _begin(connection: psycopg.Connection, lock_timeout_seconds: float) -> None:
    """Set what the statements rely on, for this transaction only, and keep other loads out."""
    wanted = {"timezone": "UTC", "datestyle": "ISO", "lock_timeout": f"{int(lock_timeout_seconds * 1000)}ms"}
    for name, value in wanted.items():
        connection.execute("select set_config(%s, %s, true)", [name, value])
    lock = "select pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
    if connection.execute(lock, [LOAD_LOCK]).fetchone() != (True,):
        raise FieldlabError("Another load is running in this database.", "Wait for it to end, then try again.")


def _existing(connection: psycopg.Connection, schema: str, domain: str) -> list[Table]:
    """The tables of a domain that are in the database."""
    rows = connection.execute(
        "select relname from pg_class where relnamespace = to_regnamespace(%s)", [f'"{schema}"']
    ).fetchall()
    names = {name for (name,) in rows}
    return [table for table in tables_of(domain) if table.name in names]


def _claim_tables(connection: psycopg.Connection, settings: Settings, domain: str) -> None:
    """Make sure that the tables that are there are fieldlab's, and keep others from writing to them."""
    schema = settings.source_schema(domain)
    tables = _existing(connection, schema, domain)
    for table in tables:
        comment = connection.execute(
            "select obj_description(cast(%s as regclass), 'pg_class')", [f'"{schema}"."{table.name}"']
        ).fetchone()
        if comment != (MADE_BY_FIELDLAB,):
            raise FieldlabError(
                f"The table {schema}.{table.name} was not made by fieldlab, so nothing is loaded into it.",
                f"If an application owns the schema, its tables are read where they are; to load files beside it, "
                f"set the var {domain}_source_schema to another schema.",
            )
    _lock(connection, schema, tables, "share row exclusive")


def _lock(connection: psycopg.Connection, schema: str, tables: Sequence[Table], mode: str) -> None:
    if tables:
        names = sql.SQL(", ").join(sql.Identifier(schema, table.name) for table in tables)
        connection.execute(sql.SQL("lock table {} in {} mode").format(names, sql.SQL(mode)))


def _in_use(connection: psycopg.Connection, schemas: Sequence[str]) -> FieldlabError:
    users = connection.execute(
        """
        select distinct format(
            'process %%s (%%s of %%s, %%s)', pid, coalesce(nullif(application_name, ''), 'a client'), usename, state
        )
        from pg_locks
        inner join pg_stat_activity using (pid)
        inner join pg_class on pg_class.oid = relation
        where granted and pid <> pg_backend_pid()
            and relnamespace = any (select to_regnamespace(quote_ident(name)) from unnest(%s::text[]) as name)
        order by 1
        """,
        [list(schemas)],
    ).fetchall()
    who = "; ".join(user for (user,) in users) or "a session that has ended by now"
    return FieldlabError(
        f"The source tables are in use, and nothing was changed. They are held by {who}.",
        "Let it end its transaction, or end it with pg_terminate_backend, then load again.",
    )


def _create_tables(
    connection: psycopg.Connection, settings: Settings, domain: str, files: Sequence[OpenedFile]
) -> None:
    create_source_tables(connection, settings, domain)
    schema = settings.source_schema(domain)
    for file in files:
        if file.table.domain == domain and file.table.optional:
            create_table(connection, schema, file.table, file.table.required_columns)


def _stage(connection: psycopg.Connection, files: Sequence[OpenedFile], on_progress: OnProgress) -> None:
    total = sum(file.size for file in files) or 1
    before = 0
    for file in files:

        def report(done: float, file: OpenedFile = file, before: int = before) -> None:
            on_progress(f"Reading {file.name}", (before + done * file.size) / total)

        staging.stage(connection, file, report)
        before += file.size


def _check(connection: psycopg.Connection, settings: Settings, files: Sequence[OpenedFile], *, append: bool) -> None:
    """Fill the table of problems. A table whose file has unreadable records is not asked which ids it has."""
    staging.create_problem_table(connection)
    ids: dict[str, list[sql.Composable]] = {}
    if append:
        for domain in {file.table.domain for file in files}:
            schema = settings.source_schema(domain)
            for table in _existing(connection, schema, domain):
                ids[table.name] = [sql.SQL("select id from {}").format(sql.Identifier(schema, table.name))]
    for position, file in enumerate(files):
        name = file.table.name
        if staging.check_rows(connection, file, position):
            ids[name] = [*ids.get(name, []), staging.staged_ids(file.table)]
        else:
            ids.pop(name, None)
        staging.check_unique(connection, file, position)
        if append:
            relation = sql.Identifier(settings.source_schema(file.table.domain), name)
            staging.check_unique_against(connection, file, relation, position)
        staging.check_references(connection, file, ids, position)


def _refuse_problems(connection: psycopg.Connection, errors_file: Path | None) -> None:
    if errors_file:
        write_problems(errors_file, staging.all_problems(connection))
    count = staging.count_problems(connection)
    if count:
        raise LoadRefused(staging.first_problems(connection), count, errors_file)


def _write(
    connection: psycopg.Connection, schema: str, domain: str, files: Sequence[OpenedFile], *, append: bool
) -> list[LoadedTable]:
    """Put the rows of one domain in place.

    Foreign keys are taken away and set again at the end: checking them once over whole tables takes a tenth of the
    time that checking each row takes, and rows may be replaced in any order.
    """
    tables = _existing(connection, schema, domain)
    _lock(connection, schema, tables, "access exclusive")
    for file in files:
        for column in file.columns:
            if column.optional:
                add_column(connection, schema, file.table, column)
    present = {table.name: _present_columns(connection, schema, table) for table in tables}
    for table in tables:
        for column in present[table.name]:
            drop_foreign_key(connection, schema, table, column)
    if append:
        loaded = [_merge(connection, schema, file, present[file.table.name]) for file in files]
    else:
        loaded = _replace(connection, schema, tables, files)
    for table in tables:
        for column in present[table.name]:
            add_foreign_key(connection, schema, table, column)
    return loaded


def _replace(
    connection: psycopg.Connection, schema: str, tables: Sequence[Table], files: Sequence[OpenedFile]
) -> list[LoadedTable]:
    names = sql.SQL(", ").join(sql.Identifier(schema, table.name) for table in tables)
    connection.execute(sql.SQL("truncate {}").format(names))
    emptied = {table.name for table in tables} - {file.table.name for file in files}
    loaded = [
        LoadedTable(schema, file.table.name, file.name, _insert(connection, schema, file.table, file.columns))
        for file in files
    ]
    return loaded + [LoadedTable(schema, name, None, 0) for name in sorted(emptied)]


def _merge(connection: psycopg.Connection, schema: str, file: OpenedFile, present: Sequence[Column]) -> LoadedTable:
    kept = [column for column in present if column not in file.columns]
    replaced = _remove_replaced(connection, schema, file.table, kept)
    rows = _insert(connection, schema, file.table, [*file.columns, *kept])
    return LoadedTable(schema, file.table.name, file.name, rows, replaced)


def _present_columns(connection: psycopg.Connection, schema: str, table: Table) -> list[Column]:
    rows = connection.execute(
        "select attname from pg_attribute where attrelid = cast(%s as regclass) and attnum > 0 and not attisdropped",
        [f'"{schema}"."{table.name}"'],
    ).fetchall()
    names = {name for (name,) in rows}
    return [column for column in table.columns if column.name in names]


def _remove_replaced(connection: psycopg.Connection, schema: str, table: Table, kept: Sequence[Column]) -> int:
    """Delete the rows that the file has anew; columns the file lacks move over to the staged rows."""
    names = {
        "staged": staging.staged(table),
        "relation": sql.Identifier(schema, table.name),
        "id": value_of(table.by_name[PRIMARY_KEY]),
    }
    for column in kept:
        name = sql.Identifier(column.name)
        connection.execute(sql.SQL("alter table {staged} add column {name} text").format(**names, name=name))
        connection.execute(
            sql.SQL(
                "update {staged} as staged set {name} = cast(older.{name} as text)"
                " from {relation} as older where older.id = {id}"
            ).format(**names, name=name)
        )
    return connection.execute(
        sql.SQL("delete from {relation} as older using {staged} as staged where older.id = {id}").format(**names)
    ).rowcount


def _insert(connection: psycopg.Connection, schema: str, table: Table, columns: Sequence[Column]) -> int:
    return connection.execute(
        sql.SQL("insert into {} ({}) select {} from {} as staged").format(
            sql.Identifier(schema, table.name),
            sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
            sql.SQL(", ").join(map(value_of, columns)),
            staging.staged(table),
        )
    ).rowcount
