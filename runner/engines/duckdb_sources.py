"""The source tables, copied from PostgreSQL into a DuckDB file, value by value as they are there."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb
import psycopg
from psycopg import sql

from runner.errors import FieldlabError
from runner.load.contract import Column, Table, source_tables
from runner.load.readers import literal, quoted
from runner.settings import Settings

# PostgreSQL's types that DuckDB has too, by their names there. Any other type is read as text, as an enum is.
SAME_TYPES = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "bool": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamp with time zone",
}
NUMBERS = ("numeric", "float4", "float8")

DECIMALS = 4
EXACT = f"decimal(38, {DECIMALS})"

# Marts to which each run adds its date.
HISTORIES = {
    "alignment": ("dealer_influence_history", "collection_trend_history"),
    "procurement": ("price_snapshots", "item_price_history"),
}

COLUMNS = """
    select columns.attname, coalesce(below.typname, types.typname)
    from pg_catalog.pg_class as tables
    inner join pg_catalog.pg_namespace as schemas on tables.relnamespace = schemas.oid
    inner join pg_catalog.pg_attribute as columns on tables.oid = columns.attrelid
    inner join pg_catalog.pg_type as types on columns.atttypid = types.oid
    left join pg_catalog.pg_type as below on types.typbasetype = below.oid
    where
        schemas.nspname = %s
        and tables.relname = %s
        and tables.relkind in ('r', 'v', 'm', 'f', 'p')
        and columns.attnum > 0
        and not columns.attisdropped
"""


def copy_sources(connection: psycopg.Connection, settings: Settings, duck: duckdb.DuckDBPyConnection) -> None:
    """Replace the source tables of both domains in a DuckDB database by PostgreSQL's.

    Args:
        connection: PostgreSQL; all tables are read in one snapshot where its transaction is of that kind.
        settings: Says which schemas.
        duck: The DuckDB database.

    Raises:
        FieldlabError: A number has more decimals than DuckDB can keep exactly.
    """
    with tempfile.TemporaryDirectory() as scratch:
        for table in source_tables():
            schema = settings.source_schema(table.domain)
            duck.execute(f"create schema if not exists {quoted(schema)}")
            duck.execute(f"drop table if exists {quoted(schema)}.{quoted(table.name)}")
            types: dict[str, str] = dict(connection.execute(COLUMNS, [schema, table.name]).fetchall())
            if types:
                rows = Path(scratch) / f"{table.name}.csv"
                _export(connection, schema, table, types, rows)
                _import(duck, schema, table, types, rows)
                rows.unlink()


def copy_histories(connection: psycopg.Connection, settings: Settings, duck: duckdb.DuckDBPyConnection) -> None:
    """Give a DuckDB database the histories that PostgreSQL keeps: a build adds one date, and compares with others.

    Args:
        connection: PostgreSQL.
        settings: Says which schemas.
        duck: The DuckDB database.
    """
    with tempfile.TemporaryDirectory() as scratch:
        rows = Path(scratch) / "history.csv"
        for domain, names in HISTORIES.items():
            schema = settings.schema(domain)
            for name in names:
                types: dict[str, str] = dict(connection.execute(COLUMNS, [schema, name]).fetchall())
                if not types:
                    continue
                _write(connection, schema, name, map(sql.Identifier, types), rows)
                columns = ", ".join(
                    f"{literal(column)}: {literal(_duckdb_type(connection, schema, name, column, type_))}"
                    for column, type_ in types.items()
                )
                duck.execute(f"create schema if not exists {quoted(schema)}")
                duck.execute(f"create or replace table {quoted(schema)}.{quoted(name)} as from {_csv(rows, columns)}")


def _duckdb_type(connection: psycopg.Connection, schema: str, table: str, column: str, type_: str) -> str:
    if type_ != "numeric":
        return SAME_TYPES.get(type_, "varchar")
    # The declared scale too: the next date may need more decimals than the stored ones.
    query = sql.SQL(
        "select greatest(max(scale(trim_scale({}))), (select (atttypmod - 4) & 65535 from pg_catalog.pg_attribute"
        " where attrelid = cast(%s as regclass) and attname = %s and atttypmod > 0)) from {}"
    ).format(sql.Identifier(column), sql.Identifier(schema, table))
    row = connection.execute(query, [f"{quoted(schema)}.{quoted(table)}", column]).fetchone()
    return f"decimal(38, {max(DECIMALS, (row and row[0]) or 0)})"


def _write(
    connection: psycopg.Connection, schema: str, table: str, values: Iterable[sql.Composable], rows: Path
) -> None:
    """Write columns of a table as CSV."""
    query = sql.SQL("copy (select {} from {}) to stdout (format csv)").format(
        sql.SQL(", ").join(values), sql.Identifier(schema, table)
    )
    with rows.open("wb") as file, connection.cursor().copy(query) as copy:
        for chunk in copy:
            file.write(chunk)


def _csv(rows: Path, columns: str) -> str:
    """PostgreSQL's CSV as DuckDB reads it: a text is quoted where it is empty, null is not."""
    return (
        f"read_csv({literal(str(rows))}, header = false, auto_detect = false, delim = ',', quote = '\"', "
        f"escape = '\"', nullstr = '', allow_quoted_nulls = false, strict_mode = true, columns = {{{columns}}})"
    )


def _export(connection: psycopg.Connection, schema: str, table: Table, types: Mapping[str, str], rows: Path) -> None:
    """Write a table as CSV. A double is written as the exact number that PostgreSQL takes it for."""
    values = (
        sql.SQL("cast({} as numeric)" if types[column.name] in NUMBERS else "{}").format(sql.Identifier(column.name))
        for column in _present(table, types)
    )
    _write(connection, schema, table.name, values, rows)


def _import(duck: duckdb.DuckDBPyConnection, schema: str, table: Table, types: Mapping[str, str], rows: Path) -> None:
    columns = _present(table, types)
    texts = ", ".join(f"{literal(column.name)}: 'varchar'" for column in columns)
    source = _csv(rows, texts)
    casts = []
    for column in columns:
        kind, name = types[column.name], quoted(column.name)
        if kind in NUMBERS:
            _refuse_more_decimals(duck, source, schema, table, column)
            # What is no number stays text: staging leaves such rows out, and source_quality names them.
            others = duck.execute(f"select 1 from {source} where {name} in ('NaN', 'Infinity', '-Infinity') limit 1")
            casts.append(name if others.fetchone() else f"cast({name} as {EXACT}) as {name}")
        else:
            casts.append(f"cast({name} as {SAME_TYPES.get(kind, 'varchar')}) as {name}")
    duck.execute(f"create table {quoted(schema)}.{quoted(table.name)} as select {', '.join(casts)} from {source}")


def _present(table: Table, types: Mapping[str, str]) -> Sequence[Column]:
    """The contract's columns that PostgreSQL has."""
    return [column for column in table.columns if column.name in types]


def _refuse_more_decimals(
    duck: duckdb.DuckDBPyConnection, source: str, schema: str, table: Table, column: Column
) -> None:
    name = quoted(column.name)
    row = duck.execute(
        f"select {name} from {source} where regexp_matches({name}, '[.][0-9]{{{DECIMALS}}}[0-9]*[1-9]') limit 1"
    ).fetchone()
    if row is not None:
        raise FieldlabError(
            f"{schema}.{table.name}.{column.name} holds {row[0]}, and DuckDB keeps {DECIMALS} decimals exactly.",
            "Run without --engine: PostgreSQL keeps them all.",
        )
