"""Whether an application's tables are there to be read."""

import psycopg

from runner.errors import FieldlabError
from runner.load.contract import TABLES
from runner.settings import Settings

FOUND = """
    select relation.relname
    from pg_catalog.pg_class as relation
    inner join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where
        namespace.nspname = %s
        and relation.relname = any(%s)
        and relation.relkind in ('r', 'p', 'v', 'm', 'f')
"""


def is_present(connection: psycopg.Connection, settings: Settings, domain: str) -> bool:
    """Whether the tables of a domain exist. One database alone is a valid installation.

    Raises:
        FieldlabError: Some of the tables that must be there are, but not all.
    """
    schema = settings.source_schema(domain)
    required = [table.name for table in TABLES if table.domain == domain and not table.optional]
    found = {name for (name,) in connection.execute(FOUND, [schema, required])}
    missing = [name for name in required if name not in found]
    if found and missing:
        raise FieldlabError(
            f"The schema {schema} has {domain} tables but lacks {', '.join(missing)}.",
            f"Load them with `fieldlab load`, or correct the var {domain}_source_schema in dbt_project.yml.",
        )
    return bool(found)
