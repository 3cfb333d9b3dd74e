"""Takes the demo out of a database again, so that one's own data finds it empty."""

import psycopg
from psycopg import sql

from runner.database.query import PARTS
from runner.database.warehouse import Warehouse
from runner.demo.foreign_data import holds_demo_data, refuse_foreign_data
from runner.errors import FieldlabError
from runner.load.contract import DOMAINS, tables_of
from runner.ops.lock import RunLock
from runner.settings import Settings


def remove(settings: Settings, warehouse: Warehouse, lock: RunLock) -> list[str]:
    """Drop the demo's source tables and everything that was computed and decided on them.

    Returns:
        The schemas that were emptied or dropped.

    Raises:
        FieldlabError: There is no demo in this database, or other data beside it.
    """
    with lock, warehouse.connect() as connection:
        refuse_foreign_data(connection, settings)
        if not holds_demo_data(connection, settings):
            raise FieldlabError("There is no demo in this database.", "`fieldlab demo` makes one.")
        results = [settings.schema(part) for part in PARTS]
        for schema in results:
            connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))
        for domain in DOMAINS:
            _drop_sources(connection, settings.source_schema(domain), domain)
        return [*results, *(settings.source_schema(domain) for domain in DOMAINS)]


def _drop_sources(connection: psycopg.Connection, schema: str, domain: str) -> None:
    """Drop a domain's tables, children first. What else is in the schema stays, as does what reads from them."""
    for table in reversed(tables_of(domain)):
        connection.execute(sql.SQL("drop table if exists {}").format(sql.Identifier(schema, table.name)))
