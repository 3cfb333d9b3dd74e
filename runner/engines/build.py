"""One run's marts: built on an engine, then copied into PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from runner.database.warehouse import Warehouse
from runner.dbt.process import DbtResult, Listener
from runner.engines.copy import replace_tables
from runner.engines.engine import open_engine
from runner.engines.marts import OPS_SELECTOR, built_tables
from runner.settings import Settings

# Tables that hold a row for each line, and may be too large to serve.
LARGE = ("invoice_lines", "spending_metrics")
READERS_OF_LARGE = "The rules cheaper_vendor, price_rise and single_source, `fieldlab spending` and `fieldlab prices`"

# What PostgreSQL builds itself after the copy: the sources' views, dbt's snapshots of them, and all that reads the
# runner's own tables.
POSTGRES_PART = ("resource_type:seed", "resource_type:snapshot", "fieldlab.staging", OPS_SELECTOR)


@dataclass(frozen=True)
class EngineBuild:
    """What came of a build on an engine.

    Attributes:
        result: What dbt says.
        notes: Sentences for the run's report.
        kept: Names of tables that stay on the engine, because they are too large.
    """

    result: DbtResult
    notes: Sequence[str] = ()
    kept: Sequence[str] = ()


def build_on_engine(
    settings: Settings,
    warehouse: Warehouse,
    name: str,
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    listen: Listener,
) -> EngineBuild:
    """Copy the sources to an engine, build there, and replace PostgreSQL's tables by those that succeeded.

    Args:
        settings: The project.
        warehouse: PostgreSQL.
        name: One of `ENGINES`.
        arguments: dbt's arguments.
        environment: Variables for dbt, such as FIELDLAB_AS_OF.
        listen: Is told every event dbt logs.

    Raises:
        FieldlabError: The engine is not installed or cannot be used, or cannot hold a value.
    """
    with open_engine(settings, warehouse, name) as engine:
        engine.copy_sources()
        result = engine.build(arguments, environment, listen)
        if not result.nodes:
            return EngineBuild(result)
        succeeded = {node.unique_id for node in result.nodes if node.status == "success"}
        tables = [table for table in built_tables(engine.manifest) if table.unique_id in succeeded]
        limit = settings.variable("serve_max_rows")
        rows = {table.unique_id: engine.count(table) for table in tables}
        kept = [table for table in tables if table.name in LARGE and rows[table.unique_id] > limit]
        with warehouse.connect() as connection:
            served = [table for table in tables if table not in kept]
            replace_tables(connection, engine, served, settings.variables.get("reader_roles") or (), without=kept)
        nodes = tuple(replace(node, rows=rows.get(node.unique_id, node.rows)) for node in result.nodes)
        notes = [f"Built on {engine.title}; {len(served)} tables were copied into PostgreSQL."]
        names = [table.name for table in kept]
        if kept:
            notes.append(
                f"{' and '.join(names)} stayed on {engine.title}, with more rows than the var serve_max_rows "
                f"({limit:,}). {READERS_OF_LARGE} need them and have nothing to read."
            )
        return EngineBuild(replace(result, nodes=nodes), notes, names)
