"""The public marts as a run found them in dbt's manifest: what they are called, their grain and their columns.

They are kept in `<ops>.marts`, so that who reads the marts needs no dbt project beside the database.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from runner.database.query import query
from runner.dbt.jobs import JOBS, job_nodes
from runner.ops.runs import Run
from runner.settings import Settings


class Column(NamedTuple):
    """A column of a mart.

    Attributes:
        name: Its name.
        data_type: Its type as the contract says.
        nullable: Whether it may be null.
        description: What it is, with its unit.
    """

    name: str
    data_type: str
    nullable: bool
    description: str


@dataclass(frozen=True)
class Mart:
    """A public mart.

    Attributes:
        name: What it is called.
        schema_name: The schema it is in.
        relation_name: The table's name there.
        description: What a row is, and whose question it answers.
        grain: The columns that tell one row from another.
        columns: Its columns, in order.
        jobs: The jobs that build it.
    """

    name: str
    schema_name: str
    relation_name: str
    description: str
    grain: tuple[str, ...]
    columns: tuple[Column, ...]
    jobs: tuple[str, ...]

    def column(self, name: str) -> Column | None:
        """The column of this name."""
        return next((column for column in self.columns if column.name == name), None)


def marts_of(manifest: Mapping[str, Any]) -> list[Mart]:
    """The public models that have a contract and a grain, in the order of their names.

    Args:
        manifest: dbt's manifest.json.
    """
    built_by = job_nodes(manifest, JOBS)
    nodes = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node.get("access") == "public"
        and node["config"]["contract"]["enforced"]
        and node["config"]["meta"].get("grain")
    ]
    return [_mart(node, built_by) for node in sorted(nodes, key=lambda node: str(node["name"]))]


def _mart(node: Mapping[str, Any], built_by: Mapping[str, Collection[str]]) -> Mart:
    return Mart(
        name=node["name"],
        schema_name=node["schema"],
        relation_name=node["alias"],
        description=_one_line(node["description"]),
        grain=tuple(node["config"]["meta"]["grain"]),
        columns=tuple(
            Column(
                column["name"],
                column["data_type"],
                not any(constraint["type"] == "not_null" for constraint in column["constraints"]),
                _one_line(column["description"]),
            )
            for column in node["columns"].values()
        ),
        jobs=tuple(job for job, nodes in built_by.items() if node["unique_id"] in nodes),
    )


def keep_marts(connection: psycopg.Connection, settings: Settings, run: Run, marts: Iterable[Mart]) -> None:
    """Replace what is known of the marts, in one transaction."""
    rows = [
        {
            **asdict(mart),
            "grain": Jsonb(mart.grain),
            "columns": Jsonb([column._asdict() for column in mart.columns]),
            "jobs": Jsonb(mart.jobs),
            "run_id": run.run_id,
        }
        for mart in marts
    ]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(query(settings, _CLEAR))
        cursor.executemany(query(settings, _KEEP), rows)


class Known(NamedTuple):
    """The marts that are known, and the run that wrote them down."""

    marts: Mapping[str, Mart]
    run_id: UUID | None


def known_run(connection: psycopg.Connection, settings: Settings) -> UUID | None:
    """The run that wrote down the marts; None before the first one."""
    row = connection.execute(query(settings, _RUN)).fetchone()
    return row[0] if row else None


def read_marts(connection: psycopg.Connection, settings: Settings) -> Known:
    """The marts by name."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query(settings, _READ)).fetchall()
    run_id = rows[0]["run_id"] if rows else None
    return Known({row["name"]: _stored(row) for row in rows}, run_id)


def _stored(row: Mapping[str, Any]) -> Mart:
    columns = tuple(Column(**column) for column in row["columns"])
    names: Sequence[str] = ("name", "schema_name", "relation_name", "description")
    return Mart(
        **{name: row[name] for name in names}, grain=tuple(row["grain"]), columns=columns, jobs=tuple(row["jobs"])
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


_CLEAR = "delete from {ops}.marts"

_KEEP = """
    insert into {ops}.marts (
        name, schema_name, relation_name, description, grain, columns, jobs, run_id
    )
    values (
        %(name)s, %(schema_name)s, %(relation_name)s, %(description)s, %(grain)s, %(columns)s, %(jobs)s, %(run_id)s
    )
"""

_RUN = "select run_id from {ops}.marts limit 1"

_READ = """
    select name, schema_name, relation_name, description, grain, columns, jobs, run_id
    from {ops}.marts
    order by name
"""
