"""Marts on their way from an engine into PostgreSQL: in bulk, and all of them or none."""

import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import psycopg
from psycopg import sql

from runner.engines.engine import Engine
from runner.engines.marts import BuiltTable
from runner.errors import FieldlabError
from runner.load.readers import first_line, literal, quoted

_CHUNK = 1 << 20
NULL = r"\N"

# DuckDB's types by their names in PostgreSQL, for tables without a contract.
POSTGRES_TYPES = {"VARCHAR": "text", "DOUBLE": "double precision", "JSON": "jsonb", "HUGEINT": "numeric"}


def replace_tables(
    connection: psycopg.Connection,
    engine: Engine,
    tables: Sequence[BuiltTable],
    readers: Sequence[str],
    *,
    without: Sequence[BuiltTable] = (),
) -> None:
    """Replace tables in PostgreSQL by what an engine built, in one transaction.

    Readers see the old tables until all are there. A view on one of them goes with it, as when dbt builds it anew.

    Args:
        connection: The database; the caller's transaction is the one.
        engine: Has built them.
        tables: What is copied.
        readers: The roles that may read the public ones.
        without: Tables that are not copied; what PostgreSQL had of them is out of date, and goes.
    """
    with _errors_in_words(engine), connection.transaction(), tempfile.TemporaryDirectory() as scratch:
        copies = [(table, f"{table.name[:40]}_{secrets.token_hex(4)}") for table in tables]
        for table, name in copies:
            connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(table.schema)))
            copy_table(connection, engine, table, sql.Identifier(table.schema, name), Path(scratch))
        for table in without:
            connection.execute(
                sql.SQL("drop table if exists {} cascade").format(sql.Identifier(table.schema, table.name))
            )
        for table, name in copies:
            old, new = sql.Identifier(table.schema, table.name), sql.Identifier(table.schema, name)
            connection.execute(sql.SQL("drop table if exists {} cascade").format(old))
            connection.execute(sql.SQL("alter table {} rename to {}").format(new, sql.Identifier(table.name)))
            _index(connection, table)
            _comment(connection, table)
            if table.types:
                _grant(connection, table, readers)


@contextmanager
def _errors_in_words(engine: Engine) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise FieldlabError(f"What {engine.title} built cannot be copied: {first_line(error)}") from error


def copy_table(
    connection: psycopg.Connection, engine: Engine, table: BuiltTable, target: sql.Identifier, scratch: Path
) -> None:
    """Make a table of the contract's columns and fill it with what an engine built.

    Args:
        connection: The database.
        engine: Has built it.
        table: What is copied.
        target: The new table's name.
        scratch: A folder for the rows on their way.
    """
    duck = engine.reader()
    types = table.types or _types(duck, engine.relation(table))
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(type_)) for name, type_ in types.items()
    )
    connection.execute(sql.SQL("create table {} ({})").format(target, columns))
    rows = scratch / "rows.csv"
    listed = ", ".join(map(quoted, types))
    duck.execute(
        f"copy (select {listed} from {engine.relation(table)}) to {literal(str(rows))} "
        f"(format csv, header false, nullstr {literal(NULL)})"
    )
    names = sql.SQL(", ").join(map(sql.Identifier, types))
    statement = sql.SQL("copy {} ({}) from stdin (format csv, null {})").format(target, names, sql.Literal(NULL))
    with connection.cursor().copy(statement) as copy, rows.open("rb") as file:
        while chunk := file.read(_CHUNK):
            copy.write(chunk)
    rows.unlink()
    connection.execute(sql.SQL("analyze {}").format(target))


def _types(duck: duckdb.DuckDBPyConnection, relation: str) -> Mapping[str, str]:
    described = duck.execute(f"describe select * from {relation}").fetchall()
    return {name: POSTGRES_TYPES.get(type_, type_.lower()) for name, type_, *_ in described}


def _index(connection: psycopg.Connection, table: BuiltTable) -> None:
    for index in table.indexes:
        connection.execute(
            sql.SQL("create {unique} index on {table} using {kind} ({columns})").format(
                unique=sql.SQL("unique" if index.get("unique") else ""),
                table=sql.Identifier(table.schema, table.name),
                kind=sql.Identifier(index.get("type") or "btree"),
                columns=sql.SQL(", ").join(map(sql.Identifier, index["columns"])),
            )
        )


def _comment(connection: psycopg.Connection, table: BuiltTable) -> None:
    relation = sql.Identifier(table.schema, table.name)
    if table.comment:
        connection.execute(sql.SQL("comment on table {} is {}").format(relation, sql.Literal(table.comment)))
    for column, comment in (table.column_comments or {}).items():
        name = sql.Identifier(table.schema, table.name, column)
        connection.execute(sql.SQL("comment on column {} is {}").format(name, sql.Literal(comment)))


def _grant(connection: psycopg.Connection, table: BuiltTable, readers: Sequence[str]) -> None:
    for role in readers:
        for what in (
            sql.SQL("usage on schema {}").format(sql.Identifier(table.schema)),
            sql.SQL("select on {}").format(sql.Identifier(table.schema, table.name)),
        ):
            connection.execute(sql.SQL("grant {} to {}").format(what, sql.Identifier(role)))
