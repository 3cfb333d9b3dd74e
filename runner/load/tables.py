"""The source tables as a load finds and changes them, in its one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from runner.database.sources import (
    MADE_BY_FIELDLAB,
    add_column,
    add_foreign_key,
    create_source_tables,
    create_table,
    drop_foreign_key,
)
from runner.errors import FieldlabError
from runner.load.contract import Column, Table, tables_of
from runner.load.readers import OpenedFile
from runner.settings import Settings

_CHUNK = 1 << 17


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


class RowsThere:
    """Asks about rows that are in the source tables and stay there."""

    def __init__(self, connection: psycopg.Connection, settings: Settings) -> None:
        self._connection = connection
        self._settings = settings

    def ids(self, table: Table, values: Sequence[Any]) -> set[Any]:
        """Which of these ids there are."""
        query = sql.SQL("select id from {} where id = any(%s)").format(self._relation(table))
        return {value for (value,) in self._connection.execute(query, [list(values)])}

    def taken(self, table: Table, key: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Which of these values of a unique key there are: the values, and the id of the row that has them."""
        columns = sql.SQL(", ").join(map(sql.Identifier, key))
        types = [sql.SQL("cast(%s as {}[])").format(sql.SQL(table.by_name[name].sql_type)) for name in key]
        query = sql.SQL("select {columns}, id from {relation} where ({columns}) in (select * from unnest({types}))")
        query_parts = {"columns": columns, "relation": self._relation(table), "types": sql.SQL(", ").join(types)}
        values = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in key]
        return self._connection.execute(query.format(**query_parts), values).fetchall()

    def _relation(self, table: Table) -> sql.Identifier:
        return sql.Identifier(self._settings.source_schema(table.domain), table.name)


def begin(connection: psycopg.Connection) -> None:
    """Set what the statements rely on, for this transaction only."""
    for name, value in {"timezone": "UTC", "datestyle": "ISO"}.items():
        connection.execute("select set_config(%s, %s, true)", [name, value])


def existing(connection: psycopg.Connection, schema: str, domain: str) -> list[Table]:
    """The tables of a domain that are in the database."""
    rows = connection.execute(
        "select relname from pg_class where relnamespace = to_regnamespace(%s)", [f'"{schema}"']
    ).fetchall()
    names = {name for (name,) in rows}
    return [table for table in tables_of(domain) if table.name in names]


def claim(connection: psycopg.Connection, settings: Settings, domain: str) -> None:
    """Make sure that the tables that are there are fieldlab's, and keep others from writing to them."""
    schema = settings.source_schema(domain)
    tables = existing(connection, schema, domain)
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


def in_use(connection: psycopg.Connection, schemas: Sequence[str]) -> FieldlabError:
    """What to say when somebody holds the tables too long: who."""
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


def create(connection: psycopg.Connection, settings: Settings, domain: str, files: Sequence[OpenedFile]) -> None:
    """Create what is missing of a domain's tables, optional ones where they have a file."""
    create_source_tables(connection, settings, domain)
    schema = settings.source_schema(domain)
    for file in files:
        if file.table.domain == domain and file.table.optional:
            create_table(connection, schema, file.table, file.table.required_columns)


def write(
    connection: psycopg.Connection, schema: str, files: Sequence[OpenedFile], rows: Mapping[str, Path], *, append: bool
) -> list[LoadedTable]:
    """Put the rows of one domain in place.

    Foreign keys are taken away and set again at the end: checking them once over whole tables takes a tenth of the
    time that checking each row takes, and rows may be replaced in any order.

    Args:
        connection: In the load's transaction.
        schema: The domain's source schema.
        files: The domain's files.
        rows: For each table, the file that COPY reads.
        append: Whether the rows there stay.
    """
    tables = existing(connection, schema, files[0].table.domain)
    _lock(connection, schema, tables, "access exclusive")
    for file in files:
        for column in file.named_columns:
            if column.optional:
                add_column(connection, schema, file.table, column)
    present = {table.name: _present_columns(connection, schema, table) for table in tables}
    for table in tables:
        for column in present[table.name]:
            drop_foreign_key(connection, schema, table, column)
    if append:
        loaded = [_merge(connection, schema, file, rows[file.table.name], present[file.table.name]) for file in files]
    else:
        loaded = _replace(connection, schema, tables, files, rows)
    for table in tables:
        for column in present[table.name]:
            add_foreign_key(connection, schema, table, column)
    return loaded


def _replace(
    connection: psycopg.Connection,
    schema: str,
    tables: Sequence[Table],
    files: Sequence[OpenedFile],
    rows: Mapping[str, Path],
) -> list[LoadedTable]:
    names = sql.SQL(", ").join(sql.Identifier(schema, table.name) for table in tables)
    connection.execute(sql.SQL("truncate {}").format(names))
    loaded = []
    for file in files:
        count = _copy(connection, sql.Identifier(schema, file.table.name), file.named_columns, rows[file.table.name])
        loaded.append(LoadedTable(schema, file.table.name, file.name, count))
    emptied = {table.name for table in tables} - {file.table.name for file in files}
    return loaded + [LoadedTable(schema, name, None, 0) for name in sorted(emptied)]


def _merge(
    connection: psycopg.Connection, schema: str, file: OpenedFile, rows: Path, present: Sequence[Column]
) -> LoadedTable:
    """Let the file's rows take the place of rows with the same id; columns the file lacks keep their values."""
    kept = [column for column in present if column not in file.columns]
    names = {
        "staged": sql.Identifier(f"load_{file.table.name}"),
        "relation": sql.Identifier(schema, file.table.name),
        "columns": _listed([*file.named_columns, *kept]),
    }

    def run(statement: str, **more: sql.Composable) -> int:
        return connection.execute(sql.SQL(statement).format(**names, **more)).rowcount

    run("create temporary table {staged} on commit drop as select {columns} from {relation} with no data")
    _copy(connection, names["staged"], file.named_columns, rows)
    for column in kept:
        run(
            "update {staged} as staged set {name} = coalesce("
            "(select older.{name} from {relation} as older where older.id = staged.id), {default})",
            name=sql.Identifier(column.name),
            default=sql.SQL(column.default or "null"),
        )
    replaced = run("delete from {relation} as older using {staged} as staged where older.id = staged.id")
    count = run("insert into {relation} ({columns}) select {columns} from {staged}")
    return LoadedTable(schema, file.table.name, file.name, count, replaced)


def _copy(connection: psycopg.Connection, relation: sql.Composable, columns: Sequence[Column], rows: Path) -> int:
    cursor = connection.cursor()
    statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(relation, _listed(columns))
    with cursor.copy(statement) as copy, rows.open("rb") as file:
        while chunk := file.read(_CHUNK):
            copy.write(chunk)
    return cursor.rowcount


def _listed(columns: Sequence[Column]) -> sql.Composable:
    return sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)


def _present_columns(connection: psycopg.Connection, schema: str, table: Table) -> list[Column]:
    rows = connection.execute(
        "select attname from pg_attribute where attrelid = cast(%s as regclass) and attnum > 0 and not attisdropped",
        [f'"{schema}"."{table.name}"'],
    ).fetchall()
    names = {name for (name,) in rows}
    return [column for column in table.columns if column.name in names]
