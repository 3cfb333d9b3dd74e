"""Keeps the demo away from data that is not its own."""

import csv
from collections.abc import Iterable
from pathlib import Path

import psycopg
from psycopg import sql

from runner.demo import furnishings, restaurants
from runner.errors import FieldlabError
from runner.load.contract import DOMAINS, source_tables, tables_of
from runner.settings import Settings

# The table and column that tell demo data from other data, and every value the demo has ever had there: a name that
# is given up stays in this list, or the next version would not recognise what this one loaded.
MARKS = {
    "alignment": ("Collection", "vendorId", [brand.slug for brand in furnishings.BRANDS]),
    "procurement": (
        "Vendor",
        "name",
        [vendor.name for vendor in restaurants.VENDORS] + [name for name, _ in restaurants.PAPER_VENDORS],
    ),
}


def refuse_foreign_data(connection: psycopg.Connection, settings: Settings) -> None:
    """Make sure that the source tables are absent, empty or filled by the demo.

    Raises:
        FieldlabError: They hold something else, which the demo would replace.
    """
    for domain in DOMAINS:
        foreign = _foreign_data(connection, settings.source_schema(domain), domain)
        if foreign:
            raise FieldlabError(
                f"This database holds data of your own, which the demo would replace: {foreign}.",
                "Give the demo a database of its own: FIELDLAB_HOME=.fieldlab-demo names another folder for the "
                "embedded one, FIELDLAB_DATABASE_URL another server.",
            )


def holds_demo_data(connection: psycopg.Connection, settings: Settings) -> bool:
    """Whether the demo filled the source tables of both domains, or of one of them."""
    return any(_marks(connection, settings.source_schema(domain), domain) for domain in DOMAINS)


def refuse_foreign_files(folder: Path) -> None:
    """Make sure that a folder is absent, empty or filled by the demo.

    Raises:
        FieldlabError: It holds something else.
    """
    names = {path.name for path in folder.iterdir()} if folder.exists() else set()
    if not names:
        return
    others = names - {f"{table.name}.csv" for table in source_tables()}
    marks = [value for domain in DOMAINS for value in _unknown_marks(folder, domain)]
    if others or marks:
        raise FieldlabError(
            f"The folder {folder} holds files that are not the demo's, such as {min(others or names)}.",
            "Name a new folder, or an empty one.",
        )


def _unknown_marks(folder: Path, domain: str) -> Iterable[object]:
    """The values in a domain's file that the demo never wrote there, or the file's name when there is no such file."""
    table, column, known = MARKS[domain]
    path = folder / f"{table}.csv"
    if not path.exists():
        return [path.name]
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        return [value for row in csv.DictReader(file) if (value := row.get(column)) not in known]


def _foreign_data(connection: psycopg.Connection, schema: str, domain: str) -> str:
    """What there is in a domain's source tables that is not the demo's; empty when there is nothing."""
    table, _, known = MARKS[domain]
    marks = _marks(connection, schema, domain)
    foreign = [value for value in marks if value not in known]
    if foreign:
        return f"the {table} {foreign[0]} in the schema {schema}"
    if marks:
        return ""
    filled = [name for name in _present(connection, schema, domain) if _has_rows(connection, schema, name)]
    return f"rows in {schema}.{filled[0]}" if filled else ""


def _marks(connection: psycopg.Connection, schema: str, domain: str) -> list[str]:
    """The values that tell whose data it is."""
    table, column, _ = MARKS[domain]
    if table not in _present(connection, schema, domain):
        return []
    query = sql.SQL("select distinct {column} from {table} order by 1").format(
        column=sql.Identifier(column), table=sql.Identifier(schema, table)
    )
    return [value for (value,) in connection.execute(query)]


def _present(connection: psycopg.Connection, schema: str, domain: str) -> list[str]:
    """The source tables that there are."""
    rows = connection.execute(
        "select relname from pg_class where relnamespace = to_regnamespace(quote_ident(%s))", [schema]
    ).fetchall()
    names = {name for (name,) in rows}
    return [table.name for table in tables_of(domain) if table.name in names]


def _has_rows(connection: psycopg.Connection, schema: str, table: str) -> bool:
    query = sql.SQL("select exists (select 1 from {})").format(sql.Identifier(schema, table))
    return connection.execute(query).fetchone() == (True,)
