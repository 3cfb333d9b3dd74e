"""Brings the runner's own tables up to date.

Numbered .sql files in `migrations/`, applied in order, all in one transaction, each recorded in
`<ops>.schema_version`. A file never changes once it was released: what comes later is a new file. `{ops}` in a file
is the schema's name; a literal brace is doubled.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

import psycopg
from psycopg import sql

from runner.errors import FieldlabError
from runner.settings import Settings


@dataclass(frozen=True)
class Migration:
    """One step of the schema."""

    version: int
    name: str
    text: str


@cache
def migrations() -> tuple[Migration, ...]:
    """Every step this version of fieldlab knows, first to last."""
    files = [file for file in resources.files("runner.database").joinpath("migrations").iterdir() if _number(file.name)]
    steps = [Migration(_number(file.name), file.name, file.read_text(encoding="utf-8")) for file in files]
    return tuple(sorted(steps, key=lambda step: step.version))


def ensure(connection: psycopg.Connection, settings: Settings) -> None:
    """Make the runner's tables, or bring those of an older fieldlab up to date without losing a row.

    Nothing is written when they are up to date, so a role that may only read gets through. Two processes at once are
    safe: the second waits for the first and finds nothing left to do.

    Raises:
        FieldlabError: The tables belong to a newer fieldlab than this one.
    """
    schema = settings.schema("ops")
    known = migrations()
    with connection.transaction():
        version = applied_version(connection, schema)
    _refuse_newer(version, known[-1].version, schema)
    if version == known[-1].version:
        return

    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{schema} migrations"])
        version = applied_version(connection, schema)
        _refuse_newer(version, known[-1].version, schema)
        names = {"ops": sql.Identifier(schema)}
        exists = "select from pg_catalog.pg_namespace where nspname = %s"
        if connection.execute(exists, [schema]).fetchone() is None:  # `if not exists` asks for the right to create it
            connection.execute(sql.SQL("create schema {ops}").format(**names))
        connection.execute(sql.SQL(_FOUNDATION).format(**names))
        for step in known:
            if step.version <= version:
                continue
            # The files are ours, so their text may be composed; a file is several statements.
            connection.execute(sql.SQL(step.text).format(**names))
            connection.execute(
                sql.SQL("insert into {ops}.schema_version (version, name) values (%s, %s)").format(**names),
                [step.version, step.name],
            )


_FOUNDATION = """
    create table if not exists {ops}.schema_version (
        version integer primary key,
        name text not null,
        applied_at timestamp with time zone not null default now()
    )
"""


def applied_version(connection: psycopg.Connection, schema: str) -> int:
    """The version of the tables in the database, 0 where there are none."""
    # Not to_regclass(): after the wait for the lock it may still remember that there was no such schema.
    table = "select from pg_catalog.pg_tables where schemaname = %s and tablename = 'schema_version'"
    if connection.execute(table, [schema]).fetchone() is None:
        return 0
    row = connection.execute(
        sql.SQL("select coalesce(max(version), 0) from {}").format(sql.Identifier(schema, "schema_version"))
    ).fetchone()
    return int(row[0]) if row else 0


def _refuse_newer(version: int, known: int, schema: str) -> None:
    if version > known:
        raise FieldlabError(
            f"The tables in {schema} were made by a newer fieldlab: "
            f"they are at version {version}, this fieldlab knows {known}.",
            "Update fieldlab; nothing was changed.",
        )


def _number(file_name: str) -> int:
    match = re.match(r"(\d+)_.*\.sql$", file_name)
    return int(match.group(1)) if match else 0
