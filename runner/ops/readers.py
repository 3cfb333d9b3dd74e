"""Those who read what fieldlab makes: what they are granted, what a run takes from them, and when they block one."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import psycopg
from psycopg import sql

from runner.database.warehouse import Warehouse
from runner.errors import FieldlabError
from runner.settings import Settings

# What people may read of fieldlab's own tables.
PUBLISHED_TABLES = (
    "recommendations",
    "recommendation_events",
    "alignment_reports",
    "alignment_recommendations",
    "alignment_advice",
    "alignment_backtests",
    "job_runs",
    "marts",
)
PARTS = ("staging", "alignment", "procurement", "shared", "snapshots")
LOOK_EVERY_S = 1.0


class View(NamedTuple):
    """A view that reads what dbt builds.

    Attributes:
        schema: Its schema.
        name: Its name.
        reads: The relations of fieldlab it hangs on, each with its schema.
    """

    schema: str
    name: str
    reads: list[str]

    def __str__(self) -> str:
        """The view in words."""
        return f"{self.schema}.{self.name} (reads {', '.join(self.reads)})"


def check_readers(connection: psycopg.Connection, settings: Settings) -> None:
    """Refuse reader_roles that do not exist, before dbt fails at the first mart.

    Raises:
        FieldlabError: One does not.
    """
    known = {role for (role,) in connection.execute("select rolname from pg_catalog.pg_roles")}
    missing = [role for role in settings.variables.get("reader_roles") or () if role not in known]
    if missing:
        raise FieldlabError(
            f"The var reader_roles names {', '.join(missing)}, and the server has no such role.",
            "Create it (docs/security.md says how), or take it out of dbt_project.yml.",
        )


def grant_published(connection: psycopg.Connection, settings: Settings) -> None:
    """Let the reader roles read what is published in fieldlab's own tables; marts and history are granted by dbt."""
    schema = settings.schema("ops")
    for role in settings.variables.get("reader_roles") or ():
        lacking = connection.execute(LACKING, [schema, list(PUBLISHED_TABLES), role]).fetchall()
        names = {"schema": sql.Identifier(schema), "role": sql.Identifier(role)}
        if lacking:
            connection.execute(sql.SQL("grant usage on schema {schema} to {role}").format(**names))
        for (table,) in lacking:
            grant = sql.SQL("grant select on {schema}.{table} to {role}")
            connection.execute(grant.format(table=sql.Identifier(table), **names))


def views_on_results(connection: psycopg.Connection, settings: Settings) -> list[View]:
    """Every view, ours or not, that directly or through others reads what dbt builds."""
    schemas = [settings.schema(part) for part in PARTS]
    return [View(*row) for row in connection.execute(VIEWS, [schemas, schemas])]


def others_views(connection: psycopg.Connection, settings: Settings) -> list[View]:
    """The views on what dbt builds that dbt does not build itself: it drops them with what they read."""
    kept, built = _built_by_dbt(settings)
    ours = {settings.schema(part) for part in PARTS}
    views = views_on_results(connection, settings)
    if not built:
        return [view for view in views if view.schema not in ours]
    return [view for view in views if f"{view.schema}.{view.name}" not in built and not kept.issuperset(view.reads)]


def _built_by_dbt(settings: Settings) -> tuple[set[str], set[str]]:
    """What dbt keeps from run to run, and all it builds, by the newest run's manifest; nothing where there is none."""
    kept, built = set(), set()
    with suppress(OSError, ValueError):
        manifest = json.loads(settings.manifest_file.read_text(encoding="utf-8"))
        for node in manifest["nodes"].values():
            if node["resource_type"] in {"model", "seed", "snapshot"}:
                name = f"{node['schema']}.{node.get('alias') or node['name']}"
                built.add(name)
                if node["config"].get("materialized") in {"incremental", "seed", "snapshot"}:
                    kept.add(name)
    return kept, built


def gone(connection: psycopg.Connection, views: list[View]) -> list[View]:
    """Those of the views that are not there any more."""
    there = "select from pg_catalog.pg_views where schemaname = %s and viewname = %s union all "
    there += "select from pg_catalog.pg_matviews where schemaname = %s and matviewname = %s"
    return [view for view in views if connection.execute(there, [*view[:2], *view[:2]]).fetchone() is None]


@contextmanager
def watch_blockers(warehouse: Warehouse, settings: Settings) -> Iterator[Callable[[], str]]:
    """Look now and then who keeps a session of ours waiting for a lock.

    Yields:
        What gives those seen last, in words; empty when nobody was.
    """
    seen: list[str] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            # ValueError: dbt is writing the manifest, which says how a host project names its schemas.
            with suppress(FieldlabError, psycopg.Error, ValueError), warehouse.connect(autocommit=True) as connection:
                while not over.wait(LOOK_EVERY_S):
                    found = connection.execute(BLOCKERS, [[settings.schema(part) for part in (*PARTS, "ops")]])
                    seen[:] = [words for (words,) in found] or seen
            over.wait(LOOK_EVERY_S)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield lambda: "; ".join(seen)
    finally:
        over.set()
        watcher.join(timeout=LOOK_EVERY_S * 10)


LACKING = """
    select relation.relname
    from pg_catalog.pg_class as relation
    inner join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where
        namespace.nspname = %s
        and relation.relname = any(%s)
        and relation.relkind = 'r'
        and not has_table_privilege(%s, relation.oid, 'select')
"""

VIEWS = """
    with recursive edges as (
        select distinct rewrite.ev_class as view_oid, depend.refobjid as read_oid
        from pg_catalog.pg_depend as depend
        inner join pg_catalog.pg_rewrite as rewrite on rewrite.oid = depend.objid
        where
            depend.classid = 'pg_catalog.pg_rewrite'::regclass
            and depend.refclassid = 'pg_catalog.pg_class'::regclass
            and rewrite.ev_class <> depend.refobjid
    ),

    built as (
        select relation.oid
        from pg_catalog.pg_class as relation
        inner join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
        where namespace.nspname = any(%s) and relation.relkind in ('r', 'p', 'v', 'm')
    ),

    hanging as (
        select edges.view_oid, edges.read_oid
        from edges
        inner join built on built.oid = edges.read_oid
        union
        select edges.view_oid, hanging.read_oid
        from hanging
        inner join edges on edges.read_oid = hanging.view_oid
    )

    select
        namespace.nspname,
        view.relname,
        array_agg(distinct read_namespace.nspname || '.' || read.relname)
            filter (where read_namespace.nspname = any(%s))
    from hanging
    inner join pg_catalog.pg_class as view on view.oid = hanging.view_oid
    inner join pg_catalog.pg_namespace as namespace on namespace.oid = view.relnamespace
    inner join pg_catalog.pg_class as read on read.oid = hanging.read_oid
    inner join pg_catalog.pg_namespace as read_namespace on read_namespace.oid = read.relnamespace
    group by namespace.nspname, view.relname
    order by namespace.nspname, view.relname
"""

# State and since when are shown to superusers, owners and pg_read_all_stats alone.
BLOCKERS = """
    select distinct
        format(
            'pid %%s (%%s) %%s %%s',
            blocker.pid,
            concat_ws(
                ', ',
                coalesce(nullif(blocker.application_name, ''), blocker.usename, 'another session'),
                blocker.state || to_char(blocker.xact_start at time zone 'UTC', '" since "HH24:MI "UTC"')
            ),
            case when held.mode in ('AccessShareLock', 'RowShareLock') then 'reads' else 'holds' end,
            waiting.relation::regclass
        )
    from pg_catalog.pg_locks as waiting
    inner join pg_catalog.pg_stat_activity as ours on ours.pid = waiting.pid
    inner join pg_catalog.pg_class as relation on relation.oid = waiting.relation
    inner join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    cross join lateral unnest(pg_catalog.pg_blocking_pids(waiting.pid)) as blocking (pid)
    inner join pg_catalog.pg_stat_activity as blocker on blocker.pid = blocking.pid
    left join pg_catalog.pg_locks as held
        on held.pid = blocker.pid and held.granted and held.relation = waiting.relation
    where
        not waiting.granted
        and namespace.nspname = any(%s)
        and ours.usename = current_user
        and ours.application_name in ('dbt', 'fieldlab')
        and blocker.application_name not in ('dbt', 'fieldlab')
"""
