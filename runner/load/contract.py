"""The source contract of both databases as data, and the tables that follow from it.

One place says what a source table holds: the loader, the doctor, the demo generator and the tests read it here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import psycopg
from psycopg import sql

from runner.settings import Settings

DOMAINS = ("alignment", "procurement")

# The comment on every table fieldlab made itself. A table without it is an application's own and never written to.
MADE_BY_FIELDLAB = "Made by fieldlab load; its rows are replaced by the next load."

PRIMARY_KEY = "id"

_SQL_TYPES = {"timestamp": "timestamp(3)"}


@dataclass(frozen=True)
class Column:
    """One column of a source table.

    Attributes:
        name: The name in the application's table, camelCase.
        type: text, integer, numeric, boolean or timestamp (UTC, without zone).
        nullable: Whether null is allowed.
        optional: Whether the table may lack the column; staging then yields null.
        default: The value, as SQL, of a row that does not give one.
        references: The table whose id this column holds.
        allowed: The values of an enum, in the application's order; empty when any value is allowed.
    """

    name: str
    type: str
    nullable: bool = False
    optional: bool = False
    default: str | None = None
    references: str | None = None
    allowed: tuple[str, ...] = ()

    @property
    def snake_name(self) -> str:
        """The name in fieldlab's models and, if its author likes, in a file's header: `dealer_id`."""
        return re.sub(r"([A-Z])", r"_\1", self.name).lower()

    @property
    def sql_type(self) -> str:
        """The type as `create table` wants it."""
        return _SQL_TYPES.get(self.type, self.type)


@dataclass(frozen=True)
class Table:
    """One source table; its primary key is `id`.

    Attributes:
        name: The application's name, PascalCase; also the name of its file.
        domain: alignment or procurement.
        columns: In the application's order.
        unique: Column names that are unique together, beside the primary key.
        optional: Whether the database may lack the table; staging then yields no rows.
    """

    name: str
    domain: str
    columns: tuple[Column, ...]
    unique: tuple[tuple[str, ...], ...] = ()
    optional: bool = False

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """The columns under their camelCase names."""
        return {column.name: column for column in self.columns}

    @property
    def required_columns(self) -> tuple[Column, ...]:
        """The columns that are always there."""
        return tuple(column for column in self.columns if not column.optional)

    @property
    def optional_columns(self) -> tuple[Column, ...]:
        """The columns the table may lack."""
        return tuple(column for column in self.columns if column.optional)


def _named(name: str) -> Table:
    """A procurement table that is only an id with a name."""
    return Table(name, "procurement", (Column("id", "integer"), Column("name", "text")))


# Parents come before the tables that reference them.
TABLES = (
    Table(
        "Dealer",
        "alignment",
        (
            Column("id", "text"),
            Column("name", "text"),
            Column("region", "text", nullable=True),
            Column("dealerType", "text", allowed=("SHOWROOM", "DESIGNER", "DISTRIBUTOR", "OTHER")),
        ),
    ),
    Table(
        "Collection",
        "alignment",
        (
            Column("id", "text"),
            Column("name", "text"),
            Column("vendorId", "text"),
            Column("priority", "integer", default="0"),
        ),
    ),
    Table(
        "Product",
        "alignment",
        (
            Column("id", "text"),
            Column("sku", "text"),
            Column("name", "text"),
            Column("description", "text"),
            Column("collectionId", "text", references="Collection"),
            Column("productType", "text", nullable=True, optional=True),
            Column("size", "text", nullable=True, optional=True),
            Column("finish", "text", nullable=True, optional=True),
        ),
        unique=(("sku",),),
    ),
    Table(
        "Selection",
        "alignment",
        (
            Column("id", "text"),
            Column("dealerId", "text", references="Dealer"),
            Column("productId", "text", references="Product"),
            Column("status", "text", allowed=("PASSED", "INTERESTED", "SELECTED", "MUST_CARRY")),
            Column("source", "text"),
            Column("createdAt", "timestamp"),
        ),
        unique=(("dealerId", "productId"),),
    ),
    Table(
        "DisplayRecord",
        "alignment",
        (
            Column("id", "text"),
            Column("dealerId", "text", references="Dealer"),
            Column("productId", "text", references="Product"),
            Column("displayOrderDate", "timestamp"),
            Column("sourceMarket", "text"),
            Column("newToDealer", "boolean"),
        ),
        unique=(("dealerId", "productId", "sourceMarket"),),
    ),
    Table(
        "DealerSale",
        "alignment",
        (
            Column("id", "text"),
            Column("dealerId", "text", references="Dealer"),
            Column("productId", "text", references="Product"),
            Column("soldAt", "timestamp"),
            Column("amount", "numeric"),
        ),
        optional=True,
    ),
    _named("Vendor"),
    _named("Branch"),
    _named("Department"),
    _named("CostCenter"),
    Table(
        "Item",
        "procurement",
        (
            Column("id", "integer"),
            Column("name", "text"),
            Column("vendorId", "integer", nullable=True, references="Vendor"),
            Column("category", "text", nullable=True, optional=True),
            Column("unit", "text", nullable=True, optional=True),
        ),
    ),
    Table(
        "Invoice",
        "procurement",
        (
            Column("id", "integer"),
            Column("date", "timestamp"),
            Column("status", "text"),
            Column("branchId", "integer", nullable=True, references="Branch"),
            Column("departmentId", "integer", nullable=True, references="Department"),
            Column("costCenterId", "integer", nullable=True, references="CostCenter"),
            Column("deletedAt", "timestamp", nullable=True),
            Column("vendorId", "integer", nullable=True, optional=True, references="Vendor"),
            Column("purchaseOrderId", "integer", nullable=True, optional=True),
            Column("updatedAt", "timestamp", nullable=True, optional=True),
        ),
    ),
    Table(
        "InvoiceItem",
        "procurement",
        (
            Column("id", "integer"),
            Column("invoiceId", "integer", references="Invoice"),
            Column("itemId", "integer", references="Item"),
            Column("quantity", "numeric"),
            Column("price", "numeric"),
        ),
    ),
    Table(
        "PurchaseOrder",
        "procurement",
        (
            Column("id", "integer"),
            Column("vendorId", "integer", references="Vendor"),
            Column("branchId", "integer", nullable=True, references="Branch"),
            Column("status", "text"),
            Column("orderedAt", "timestamp"),
        ),
        optional=True,
    ),
)

TABLES_BY_NAME = {table.name: table for table in TABLES}


def tables_of(domain: str) -> tuple[Table, ...]:
    """The tables of one domain, parents first."""
    return tuple(table for table in TABLES if table.domain == domain)


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
    parts.append(_constraint(table, [PRIMARY_KEY], "pkey", "primary key"))
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
