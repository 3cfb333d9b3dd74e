"""What an application's own tables hold that staging cannot read, and the views that would help."""

import re
from collections.abc import Mapping, Sequence
from typing import LiteralString

import psycopg
from psycopg import sql

from runner.load.contract import Column, Table

SHOWN_VALUES = 3

# Whether a value can be read as what the contract says, by the kind of column that holds it: as PostgreSQL casts it.
WHOLE: LiteralString = "{value} ~ '^\\s*[+-]?[0-9]{{1,18}}\\s*$'"
READABLE: Mapping[tuple[str, str], LiteralString] = {
    ("integer", "text"): (
        "case when " + WHOLE + " then cast({value} as bigint) between -2147483648 and 2147483647 else false end"
    ),
    ("integer", "number"): "{value} between -2147483648 and 2147483647",
    ("numeric", "text"): (
        "{value} ~* '^\\s*([+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)(e[+-]?[0-9]{{1,4}})?|nan|[+-]?inf(inity)?)\\s*$'"
    ),
    (
        "boolean",
        "text",
    ): "{value} ~* '^\\s*(true|false|t|f|yes|no|y|n|on|off|1|0)\\s*$'",
    ("timestamp", "date"): "isfinite({value})",
}

UNREADABLE: LiteralString = """
    select cast({column} as text), count(*) over ()
    from {table}
    where {column} is not null and not ({readable})
    order by 1
    limit %s
"""


def unreadable_values(
    connection: psycopg.Connection, relation: sql.Identifier, column: Column, category: str
) -> tuple[list[str], int]:
    """The first values of a column that staging cannot read, and how many rows have such.

    Args:
        connection: The database.
        relation: The table or view.
        column: What the contract says of it.
        category: PostgreSQL's category of the type it has: S text, N number, D date, E enum ….
    """
    kind = {"S": "text", "E": "text", "N": "number", "D": "date"}.get(category, "")
    readable = READABLE.get((column.type, kind))
    if readable is None:
        return [], 0
    name = sql.Identifier(column.name)
    value = sql.SQL("cast({} as text)").format(name) if kind == "text" else name
    query = sql.SQL(UNREADABLE).format(column=name, table=relation, readable=sql.SQL(readable).format(value=value))
    rows = connection.execute(query, [SHOWN_VALUES]).fetchall()
    return [str(text) for text, _ in rows], int(rows[0][1]) if rows else 0


def what_helps(schema: str, table: Table, column: Column, values: Sequence[str]) -> str:
    """What to do about values that cannot be read as the contract says."""
    if column.type == "timestamp":
        return "Correct these rows: a date that is infinite belongs to no day."
    if column.type == "numeric" and all(re.fullmatch(r"\s*[+-]?\d+,\d+\s*", value) for value in values):
        return (
            "These are decimal commas. Read a view that casts them: "
            f"cast(replace(\"{column.name}\", ',', '.') as numeric) as \"{column.name}\"."
        )
    if column.type == "integer" and (column.name in table.key or column.references):
        return numbered_view(schema, column.references or table.name)
    return "Correct these rows, or read a view that does."


def numbered_view(schema: str, table: str) -> str:
    """The SQL of a view that gives a table's ids whole numbers which stay the same when rows are added."""
    return NUMBERED_VIEW.format(schema=schema, table=table)


def plain(name: str) -> str:
    """A name as far as ORMs agree on it: invoice_items, InvoiceItem and invoiceitem are one."""
    return name.replace("_", "").lower()


def renamed_tables(connection: psycopg.Connection, schema: str, tables: Sequence[Table]) -> dict[str, str]:
    """The relations of a schema that are a contract's table under another name: `InvoiceItem` -> `invoice_items`."""
    found = {name for (name,) in connection.execute(RELATIONS, [schema])}
    renamed = {}
    for table in tables:
        singular = plain(table.name)
        wanted = {singular, f"{singular}s", f"{singular}es", f"{singular[:-1]}ies"}
        match = next((name for name in sorted(found) if name != table.name and plain(name) in wanted), None)
        if match and table.name not in found:
            renamed[table.name] = match
    return renamed


def views_over(connection: psycopg.Connection, schema: str, renamed: Mapping[str, str], tables: Sequence[Table]) -> str:
    """The SQL of views with the contract's names over tables with other names."""
    statements = ["create schema fieldlab_input;"]
    for table in tables:
        if table.name not in renamed:
            continue
        there = {plain(name): name for (name,) in connection.execute(COLUMN_NAMES, [schema, renamed[table.name]])}
        columns = ", ".join(
            f'"{there[plain(column.name)]}" as "{column.name}"'
            for column in table.columns
            if plain(column.name) in there
        )
        source = f'"{schema}"."{renamed[table.name]}"'
        statements.append(RENAMING_VIEW.format(table=table.name, columns=columns, source=source))
    return "\n".join(statements)


NUMBERED_VIEW = """Ids must be whole numbers up to 2147483647. Keep a table that numbers them, and a view that reads it:
create schema if not exists fieldlab_input;
create table fieldlab_input."{table} ids" (number integer generated always as identity, id text primary key);
insert into fieldlab_input."{table} ids" (id) select cast(id as text) from {schema}."{table}" on conflict do nothing;
create view fieldlab_input."{table}" as select ids.number as id, … from {schema}."{table}" as original
    join fieldlab_input."{table} ids" as ids on ids.id = cast(original.id as text);
The columns that refer to {table} join its ids in the same way. Repeat the insert before each run."""

RENAMING_VIEW = 'create view fieldlab_input."{table}" as select {columns} from {source};'

RELATIONS = """
    select relation.relname
    from pg_catalog.pg_class as relation
    inner join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where namespace.nspname = %s and relation.relkind in ('r', 'p', 'v', 'm', 'f')
"""

COLUMN_NAMES = """
    select attribute.attname
    from pg_catalog.pg_attribute as attribute
    inner join pg_catalog.pg_class as relation on relation.oid = attribute.attrelid
    inner join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where namespace.nspname = %s and relation.relname = %s and attribute.attnum > 0 and not attribute.attisdropped
    order by attribute.attnum
"""
