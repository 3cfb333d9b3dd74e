"""What `fieldlab doctor` looks at: each finding is fine, worth knowing, or a problem with something to do about it."""

import platform
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psycopg
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from psycopg import sql

from runner.database.migrate import applied_version, migrations
from runner.database.query import PARTS
from runner.database.sources import find_absence
from runner.database.warehouse import Warehouse, open_warehouse
from runner.errors import FieldlabError
from runner.load.contract import DOMAINS, Column, Table, tables_of
from runner.ops.quality import source_findings
from runner.ops.readers import others_views
from runner.ops.source_values import (
    numbered_view,
    plain,
    renamed_tables,
    unreadable_values,
    views_over,
    what_helps,
)
from runner.settings import Settings, load_settings

OK = "ok"
NOTE = "note"
PROBLEM = "problem"

OLDEST_SERVER = 14
REINSTALL = "Run `make setup`."

SHOWN_VALUES = 5
# Columns of these types need not be searched for values that staging cannot read.
ALWAYS_READABLE = ("smallint", "integer")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        area: What it belongs to: installation, project, database, alignment, procurement or history.
        status: ok, note or problem.
        message: What was found.
        hint: What to do about it.
    """

    area: str
    status: str
    message: str
    hint: str = ""


def examine() -> Iterator[Check]:
    """Look at everything a run needs, from the outside in; what depends on a problem is left out."""
    yield from check_installation()
    area = "project"
    try:
        settings = load_settings()
        yield from check_project(settings)
        area = "database"
        with open_warehouse(settings) as warehouse, warehouse.connect(autocommit=True) as connection:
            yield from check_server(connection, warehouse)
            yield from check_pooler(warehouse)
            yield from check_permissions(connection, settings)
            yield from check_views(connection, settings)
            for domain in DOMAINS:
                yield from check_sources(connection, settings, domain)
            yield from check_quality(connection, settings)
            yield from check_history(connection, settings)
            yield from check_old_snapshots(connection, settings)
    except FieldlabError as error:
        yield Check(area, PROBLEM, str(error), error.hint)
    except psycopg.Error as error:
        yield Check(area, PROBLEM, f"the database refused: {str(error).strip()}")


def check_installation() -> Iterator[Check]:
    """Python and the packages fieldlab is made of."""
    area = "installation"
    wanted_python, wanted = _requirements()
    python = platform.python_version()
    if python in SpecifierSet(wanted_python, prereleases=True):
        yield Check(area, OK, f"Python {python}")
    else:
        yield Check(area, PROBLEM, f"Python {python}; fieldlab needs {wanted_python}", "Make a new environment.")
    fine = []
    for requirement in wanted:
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            yield Check(area, PROBLEM, f"{requirement} is not installed", REINSTALL)
            continue
        if requirement.specifier.contains(version, prereleases=True):
            fine.append(f"{requirement.name} {version}")
        else:
            yield Check(area, PROBLEM, f"{requirement.name} {version}; fieldlab needs {requirement}", REINSTALL)
    yield Check(area, OK, ", ".join(fine))


def _requirements() -> tuple[str, list[Requirement]]:
    """The versions of Python, and the packages, that fieldlab declares."""
    try:
        installed = metadata.metadata("fieldlab")
        python, packages = installed["Requires-Python"], installed.get_all("Requires-Dist") or []
    except metadata.PackageNotFoundError:  # running from a checkout that was not installed
        declared = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
        python, packages = declared["project"]["requires-python"], declared["project"]["dependencies"]
    requirements = [Requirement(package) for package in packages]
    return python, [one for one in requirements if one.marker is None or one.marker.evaluate({"extra": ""})]


def check_project(settings: Settings) -> Iterator[Check]:
    """The dbt project and the package it uses."""
    yield Check("project", OK, f"dbt project in {settings.project_dir}")
    yield Check("project", OK, f"{len(settings.variables)} vars are within their limits")
    if (settings.project_dir / "dbt_packages" / "dbt_utils" / "dbt_project.yml").is_file():
        yield Check("project", OK, "dbt_utils is in place")
    else:
        yield Check(
            "project",
            PROBLEM,
            "dbt_utils is not in dbt_packages",
            "The next `fieldlab run` puts it there; plain dbt needs `make setup` or `dbt deps` before.",
        )


def check_server(connection: psycopg.Connection, warehouse: Warehouse) -> Iterator[Check]:
    """Where the database is, and whether it is new enough."""
    yield Check("database", OK, f"connected to {warehouse.place} ({warehouse.origin})")
    version = connection.info.parameter_status("server_version")
    if connection.info.server_version >= OLDEST_SERVER * 10_000:
        yield Check("database", OK, f"PostgreSQL {version}")
    else:
        upgrade = f"Use a server of version {OLDEST_SERVER} or later."
        yield Check("database", PROBLEM, f"PostgreSQL {version}; fieldlab needs {OLDEST_SERVER}", upgrade)


def check_pooler(warehouse: Warehouse) -> Iterator[Check]:
    """Whether commands that write can work here."""
    try:
        warehouse.refuse_transaction_pooler()
    except FieldlabError as error:
        yield Check("database", PROBLEM, str(error), error.hint)


def check_views(connection: psycopg.Connection, settings: Settings) -> Iterator[Check]:
    """The views of others that the next run takes along when it replaces what they read."""
    views = others_views(connection, settings)
    if views:
        yield Check(
            "database",
            NOTE,
            f"the next run drops {'; '.join(str(view) for view in views)}",
            "dbt replaces what they read. As models of the dbt project they are built anew by every full run.",
        )


def check_permissions(connection: psycopg.Connection, settings: Settings) -> Iterator[Check]:
    """Whether dbt and the runner may make their schemas and tables."""
    area = "database"
    row = connection.execute(DATABASE_PERMISSIONS).fetchone()
    assert row is not None  # noqa: S101 - a select without from gives a row
    database, user, may_create, may_use_temporary = row
    ours = [settings.schema(part) for part in PARTS]
    existing = {name: facts for name, *facts in connection.execute(SCHEMA_PERMISSIONS, [ours])}
    lacks, grants = [], []
    for schema in ours:
        may_create_here, foreign = existing.get(schema, (may_create, None))
        if not may_create_here and schema in existing:
            lacks.append(f"create tables in {schema}")
            grants.append(f"grant usage, create on schema {quoted(schema)} to {quoted(user)};")
        elif not may_create_here:
            lacks.append(f"create the schema {schema}")
            grants.append(f"grant create on database {quoted(database)} to {quoted(user)};")
        if foreign:
            yield Check(
                area,
                PROBLEM,
                f"{schema}.{foreign} belongs to another user, and dbt replaces it",
                f"Work as that user, or give its tables to {user}.",
            )
    if not may_use_temporary:
        lacks.append("create temporary tables")
        grants.append(f"grant temporary on database {quoted(database)} to {quoted(user)};")
    for domain in DOMAINS:
        schema = settings.source_schema(domain)
        tables = [table.name for table in tables_of(domain)]
        unreadable = [name for (name,) in connection.execute(UNREADABLE_TABLES, [schema, tables])]
        if unreadable:
            lacks.append(f"read {', '.join(unreadable)} in {schema}")
            names = ", ".join(f"{quoted(schema)}.{quoted(table)}" for table in unreadable)
            grants.append(f"grant usage on schema {quoted(schema)} to {quoted(user)};")
            grants.append(f"grant select on {names} to {quoted(user)};")
    if lacks:
        hint = f"As the owner or a superuser: {' '.join(dict.fromkeys(grants))}"
        yield Check(area, PROBLEM, f"{user} may not {'; not '.join(lacks)}", hint)
    else:
        yield Check(area, OK, f"{user} may read the sources and create tables in {', '.join(ours)}")


def quoted(name: str) -> str:
    """A name as SQL wants it, without quotes where it needs none."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else sql.Identifier(name).as_string()


def check_sources(connection: psycopg.Connection, settings: Settings, domain: str) -> Iterator[Check]:
    """Whether the application's tables are as the contract says."""
    schema = settings.source_schema(domain)
    tables = tables_of(domain)
    found = _columns(connection, schema, tables)
    renamed = renamed_tables(connection, schema, tables)
    if len(renamed) > 1:
        instead = ", ".join(f"{name} for {table}" for table, name in renamed.items())
        yield Check(
            domain,
            PROBLEM,
            f"the schema {schema} has {instead}",
            f"Make views with the names that are expected, and set the var {domain}_source_schema to fieldlab_input:\n"
            + views_over(connection, schema, renamed, tables),
        )
        return
    if not found:
        absence = find_absence(connection, settings, domain)
        if absence is not None:
            status = PROBLEM if absence.is_fault else NOTE
            yield Check(domain, status, f"{absence.reason}: its marts stay empty", absence.hint)
        return
    for table in tables:
        if table.name in found:
            yield from _check_table(connection, schema, table, found[table.name])
        elif table.optional:
            yield Check(domain, NOTE, f"{table.name} is not there; it is optional")
        else:
            yield Check(
                domain,
                PROBLEM,
                f"{table.name} is missing in schema {schema}",
                f"Load it with `fieldlab load`, or correct the var {domain}_source_schema in dbt_project.yml.",
            )


@dataclass(frozen=True)
class _Found:
    """A column as the database has it."""

    type: str
    category: str
    is_point_in_time: bool
    is_readable: bool


def _columns(connection: psycopg.Connection, schema: str, tables: Sequence[Table]) -> dict[str, dict[str, _Found]]:
    """The columns of the tables that exist, by table and name."""
    columns: dict[str, dict[str, _Found]] = {}
    for table, column, *rest in connection.execute(COLUMNS, [schema, [table.name for table in tables]]):
        columns.setdefault(table, {})[column] = _Found(*rest)
    return columns


def _check_table(
    connection: psycopg.Connection, schema: str, table: Table, found: Mapping[str, _Found]
) -> Iterator[Check]:
    name = f"{schema}.{table.name}"
    if not all(found[column].is_readable for column in table.by_name if column in found):
        return  # the missing rights are reported above, all at once
    wrong = False
    for column in table.columns:
        complaint = _complaint(connection, schema, table, column, found)
        if complaint:
            wrong = True
            yield Check(table.domain, PROBLEM, *complaint)
    if wrong:
        return
    absent = [column.name for column in table.optional_columns if column.name not in found]
    without = f"; without the optional {', '.join(absent)}" if absent else ""
    yield Check(table.domain, OK, f"{name} is as expected{without}")


def _complaint(
    connection: psycopg.Connection, schema: str, table: Table, column: Column, found: Mapping[str, _Found]
) -> tuple[str, str] | None:
    """What is wrong with a column, and what to do."""
    name = f"{schema}.{table.name}.{column.name}"
    if column.name not in found:
        near = next((other for other in found if plain(other) == plain(column.name)), None)
        meant = f" Is it {near}?" if near else ""
        return None if column.optional else (f"{name} is missing.{meant}", "Add the column, or a view that has it.")
    have = found[column.name]
    if not _is_castable(connection, column, have):
        hint = "Change the column, or read a view that casts it."
        if column.type == "integer" and (column.name in table.key or column.references):
            hint = numbered_view(schema, column.references or table.name)
        return f"{name} is {have.type}; it must be {column.type}", hint
    values: list[str] = []
    count = 0
    if have.type not in ALWAYS_READABLE:
        values, count = unreadable_values(connection, sql.Identifier(schema, table.name), column, have.category)
    if count:
        shown = ", ".join(repr(value) for value in values)
        problem = f"{name} is {have.type}, and {count:,} rows hold no {column.type}: {shown}"
        return problem, what_helps(schema, table, column, values)
    unknown = _unknown_values(connection, schema, table, column) if column.allowed else []
    if unknown:
        listed = ", ".join(f"{value} ({number:,} rows)" for value, number in unknown)
        return f"{name} has unknown values: {listed}", f"Known are {', '.join(column.allowed)}. Correct the source."
    return None


def _is_castable(connection: psycopg.Connection, column: Column, have: _Found) -> bool:
    """Whether staging can cast the column, by asking the server; a point in time may be of any type that has a date."""
    if column.type == "timestamp":
        return have.is_point_in_time
    cast = sql.SQL("select cast(cast(null as {}) as {})").format(sql.SQL(have.type), sql.SQL(column.sql_type))
    try:
        connection.execute(cast)
    except psycopg.errors.CannotCoerce:
        return False
    return True


def _unknown_values(connection: psycopg.Connection, schema: str, table: Table, column: Column) -> list[tuple[str, int]]:
    """The values outside an enum with the number of rows that have them, the most frequent first."""
    query = sql.SQL(UNKNOWN_VALUES).format(column=sql.Identifier(column.name), table=sql.Identifier(schema, table.name))
    return connection.execute(query, [list(column.allowed), SHOWN_VALUES]).fetchall()


def check_quality(connection: psycopg.Connection, settings: Settings) -> Iterator[Check]:
    """What the last build found wrong with the input."""
    findings = source_findings(connection, settings, DOMAINS)
    if findings is None:
        yield Check("quality", OK, "the next run examines the input")
        return
    if not findings:
        yield Check("quality", OK, "the last build found nothing wrong with the input")
    for finding in findings:
        yield Check("quality", PROBLEM if finding.severity == "error" else NOTE, finding.message)


def check_history(connection: psycopg.Connection, settings: Settings) -> Iterator[Check]:
    """Whether the runner's own tables suit this version of it."""
    schema = settings.schema("ops")
    known = migrations()[-1].version
    version = applied_version(connection, schema)
    if version == known:
        yield Check("history", OK, f"the tables in {schema} are at version {version}")
    elif version == 0:
        yield Check("history", NOTE, f"no tables in {schema} yet", "`fieldlab run` makes them.")
    elif version < known:
        message = f"the tables in {schema} are at version {version}, this fieldlab knows {known}"
        yield Check("history", NOTE, message, "`fieldlab run` brings them up to date.")
    else:
        message = f"the tables in {schema} are at version {version}, this fieldlab knows only {known}"
        yield Check("history", PROBLEM, message, "Update fieldlab.")


def check_old_snapshots(connection: psycopg.Connection, settings: Settings) -> Iterator[Check]:
    """Names the snapshot tables in which history was kept before there were history marts."""
    schema = settings.schema("snapshots")
    names = ["dealer_influence_history", "collection_trend_history", "item_price_history"]
    left = [name for (name,) in connection.execute(OLD_SNAPSHOTS, [schema, names])]
    if left:
        message = f"{schema} has tables of the history kept before the history marts: {', '.join(left)}"
        yield Check("history", NOTE, message, "Nothing reads them any more; they can be dropped.")


DATABASE_PERMISSIONS = """
    select
        current_database(),
        current_user,
        has_database_privilege(current_database(), 'create'),
        has_database_privilege(current_database(), 'temporary')
"""

SCHEMA_PERMISSIONS = """
    select
        namespace.nspname,
        has_schema_privilege(namespace.oid, 'create'),
        min(relation.relname) filter (where not pg_has_role(relation.relowner, 'usage'))
    from pg_catalog.pg_namespace as namespace
    left join pg_catalog.pg_class as relation
        on relation.relnamespace = namespace.oid and relation.relkind in ('r', 'p', 'v', 'm')
    where namespace.nspname = any(%s)
    group by namespace.oid, namespace.nspname
"""

UNREADABLE_TABLES = """
    select relation.relname
    from pg_catalog.pg_class as relation
    inner join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where
        namespace.nspname = %s
        and relation.relname = any(%s)
        and relation.relkind in ('r', 'p', 'v', 'm', 'f')
        and not (
            has_schema_privilege(namespace.oid, 'usage')
            and has_any_column_privilege(relation.oid, 'select')
        )
    order by 1
"""

COLUMNS = """
    select
        relation.relname,
        attribute.attname,
        format_type(attribute.atttypid, attribute.atttypmod),
        cast(type.typcategory as text),
        type.typcategory = 'D' and type.typname not in ('time', 'timetz'),
        has_schema_privilege(namespace.oid, 'usage') and has_column_privilege(relation.oid, attribute.attnum, 'select')
    from pg_catalog.pg_class as relation
    inner join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    inner join pg_catalog.pg_attribute as attribute on attribute.attrelid = relation.oid
    inner join pg_catalog.pg_type as type on type.oid = attribute.atttypid
    where
        namespace.nspname = %s
        and relation.relname = any(%s)
        and relation.relkind in ('r', 'p', 'v', 'm', 'f')
        and attribute.attnum > 0
        and not attribute.attisdropped
"""

OLD_SNAPSHOTS = """
    select relation.relname
    from pg_catalog.pg_class as relation
    inner join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    inner join pg_catalog.pg_attribute as attribute on attribute.attrelid = relation.oid
    where namespace.nspname = %s and relation.relname = any(%s) and attribute.attname = 'last_seen_on'
    order by relation.relname
"""

UNKNOWN_VALUES = """
    select cast({column} as text), count(*)
    from {table}
    where not cast({column} as text) = any(%s)
    group by 1
    order by 2 desc, 1
    limit %s
"""
