"""The runner's own SQL: named queries with the schemas of this installation in them, values bound apart."""

from typing import LiteralString

from psycopg import sql

from runner.settings import Settings

PARTS = ("staging", "alignment", "procurement", "shared", "snapshots", "ops")


def query(settings: Settings, statement: LiteralString, **parts: sql.Composable) -> sql.Composed:
    """A statement with `{ops}`, `{alignment}`, `{staging}` and the other `PARTS` as the schemas they are here.

    Args:
        settings: Names the schemas.
        statement: SQL text; a literal brace is doubled.
        parts: Other pieces of SQL that the statement names in braces.
    """
    schemas = {part: sql.Identifier(settings.schema(part)) for part in PARTS}
    return sql.SQL(statement).format(**schemas, **parts)
