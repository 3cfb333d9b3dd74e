"""The source tables in the database: whether they are there to be read, and how fieldlab makes its own."""

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
from psycopg import sql

from runner.load.contract import Column, Table, tables_of
from runner.settings import Settings

# The comment on every table fieldlab made itself. A table without it is an application's own and never written to.
MADE_BY_FIELDLAB = "Made by fieldlab load; its rows are replaced by the next load."

FOUND = """
    select relation.relname
    from pg_catalog.pg_class as relation
    inner join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where
        namespace.nspname = %s
        and relation.relname = any(%s)
        and relation.relkind in ('r', 'p', 'v', 'm', 'f')
"""


def exists(connection: psycopg.Connection, schema: str, name: str) -> bool:
    """Whether there is a table or view of this name."""
    return connection.execute(FOUND, [schema, [name]]).fetchone() is not None


@dataclass(frozen=True)
class Absence:
    """Why a domain cannot be read.

    Attributes:
        reason: A part of a sentence.
        hint: What to do.
        is_fault: It was meant to be there. One database alone is a valid installation: a domain that was never there
            is left out.
    """

    reason: str
    hint: str
    is_fault: bool


def present_tables(connection: psycopg.Connection, schema: str, domain: str) -> list[str]:
    """The names of a domain's tables that are in a schema, in the contract's order."""
    names = [table.name for table in tables_of(domain)]
    found = {name for (name,) in connection.execute(FOUND, [schema, names])}
    return [name for name in names if name in found]


def find_absence(
    connection: psycopg.Connection, settings: Settings, domain: str, *, was_published: bool = False
) -> Absence | None:
    """Why the tables of a domain cannot be read; None when all that must be there are.

    Args:
        connection: The database.
        settings: Says which schema.
        domain: alignment or procurement.
        was_published: Results of the domain are published: its tables were there once.
    """
    schema = settings.source_schema(domain)
    hint = f"Load them with `fieldlab load`, or correct the var {domain}_source_schema in dbt_project.yml."
    found = present_tables(connection, schema, domain)
    missing = [table.name for table in tables_of(domain) if not table.optional and table.name not in found]
    if not missing:
        return None
    if found:
        return Absence(f"the schema {schema} has {domain} tables but lacks {', '.join(missing)}", hint, is_fault=True)
    if was_published:
        reason = f"the schema {schema} has no {domain} tables any more, although results of them are published"
        return Absence(reason, hint, is_fault=True)
    if schema == f"raw_{domain}":
        return Absence(f"the schema {schema} has no {domain} tables", hint, is_fault=False)
    row = connection.execute("select from pg_catalog.pg_namespace where nspname = %s", [schema]).fetchone()
    what = f"has no {domain} tables" if row is not None else "does not exist"
    reason = f"the schema {schema}, which the var {domain}_source_schema names, {what}"
    return Absence(reason, hint, is_fault=True)


def create_source_tables(
    connection: psycopg.Connection, settings: Settings, domain: str, *, with_optional: bool = False
) -> None:
    """Create what is missing of a domain's source schema and tables, as the application's ORM would make them.

    Args:
        connection: Its transaction holds the result; nothing is committed here.
        settings: Says which schema.
        domain: alignment or procurement.
        with_optional: Create the optional tables and columns too.
    """
    schema = settings.source_schema(domain)
    connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    for table in tables_of(domain):
        if with_optional or not table.optional:
            create_table(connection, schema, table, table.columns if with_optional else table.required_columns)


def create_table(connection: psycopg.Connection, schema: str, table: Table, columns: Iterable[Column]) -> None:
    """Create one source table with these columns unless it exists, marked as fieldlab's own.

    Enums are text with a check: dbt's unit tests cannot name an enum type, and staging casts to text anyway.
    """
    if connection.execute("select to_regclass(%s)", [f'"{schema}"."{table.name}"']).fetchone() != (None,):
        return
    relation = sql.Identifier(schema, table.name)
    columns = tuple(columns)
    parts = [_definition(column) for column in columns]
    parts.append(_constraint(table, table.key, "pkey", "primary key"))
    parts += [_constraint(table, key, "key", "unique") for key in table.unique]
    parts += [_allowed(table, column) for column in columns if column.allowed]
    connection.execute(sql.SQL("create table {} ({})").format(relation, sql.SQL(", ").join(parts)))
    connection.execute(sql.SQL("comment on table {} is {}").format(relation, sql.Literal(MADE_BY_FIELDLAB)))
    for column in columns:
        add_foreign_key(connection, schema, table, column)


def add_column(connection: psycopg.Connection, schema: str, table: Table, column: Column) -> None:
    """Add an optional column, with its foreign key, to a table that may lack it."""
    relation = sql.Identifier(schema, table.name)
    connection.execute(sql.SQL("alter table {} add column if not exists {}").format(relation, _definition(column)))
    drop_foreign_key(connection, schema, table, column)
    add_foreign_key(connection, schema, table, column)


def add_foreign_key(connection: psycopg.Connection, schema: str, table: Table, column: Column) -> None:
    """Let a column reference its parent table, if it has one; fails when a row has no parent."""
    if column.references is None:
        return
    connection.execute(
        sql.SQL("alter table {} add constraint {} foreign key ({}) references {} (id)").format(
            sql.Identifier(schema, table.name),
            _foreign_key_name(table, column),
            sql.Identifier(column.name),
            sql.Identifier(schema, column.references),
        )
    )


def drop_foreign_key(connection: psycopg.Connection, schema: str, table: Table, column: Column) -> None:
    """Take a column's foreign key away, if it is there."""
    connection.execute(
        sql.SQL("alter table {} drop constraint if exists {}").format(
            sql.Identifier(schema, table.name), _foreign_key_name(table, column)
        )
    )


def _foreign_key_name(table: Table, column: Column) -> sql.Identifier:
    return sql.Identifier(f"{table.name}_{column.name}_fkey")


def _definition(column: Column) -> sql.Composable:
    parts = [sql.Identifier(column.name), sql.SQL(column.sql_type)]
    if not column.nullable:
        parts.append(sql.SQL("not null"))
    if column.default is not None:
        parts.append(sql.SQL("default " + column.default))
    return sql.SQL(" ").join(parts)


def _constraint(table: Table, columns: Iterable[str], suffix: str, kind: str) -> sql.Composable:
    columns = tuple(columns)
    name = "_".join([table.name, *(columns if suffix == "key" else ()), suffix])
    return sql.SQL("constraint {} {} ({})").format(
        sql.Identifier(name), sql.SQL(kind), sql.SQL(", ").join(map(sql.Identifier, columns))
    )


def _allowed(table: Table, column: Column) -> sql.Composable:
    return sql.SQL("constraint {} check ({} in ({}))").format(
        sql.Identifier(f"{table.name}_{column.name}_check"),
        sql.Identifier(column.name),
        sql.SQL(", ").join(map(sql.Literal, column.allowed)),
    )
