"""The tables that an engine builds, as dbt's manifest describes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OPS_SOURCE = "source.fieldlab.fieldlab_ops."
OPS_SELECTOR = "source:fieldlab_ops+"
"""How dbt selects what reads the runner's own tables: it is built in PostgreSQL, where they are."""

# Intermediate tables that the runner's queries read.
READ_BY_THE_RUNNER = ("int_alignment__products_joined", "int_procurement__invoices_totalled")


@dataclass(frozen=True)
class BuiltTable:
    """A table that an engine builds and PostgreSQL is given a copy of.

    Attributes:
        unique_id: dbt's name for it.
        schema: Its schema, the same on both sides.
        name: Its name.
        types: Each column's type in PostgreSQL by the contract; empty for a table without one.
        indexes: The indexes PostgreSQL gets, as dbt's config `indexes` names them.
        comment: What one row is, where comments are kept in the database; otherwise empty.
        column_comments: The same of its columns.
    """

    unique_id: str
    schema: str
    name: str
    types: Mapping[str, str]
    indexes: Sequence[Mapping[str, Any]] = ()
    comment: str = ""
    column_comments: Mapping[str, str] | None = None


def below_ops(manifest: Mapping[str, Any]) -> frozenset[str]:
    """The nodes that read the runner's own tables, which are in PostgreSQL, directly or not."""
    waiting = [key for key in manifest["sources"] if key.startswith(OPS_SOURCE)]
    found: set[str] = set()
    while waiting:
        for key in manifest["child_map"].get(waiting.pop(), ()):
            if key not in found:
                found.add(key)
                waiting.append(key)
    return frozenset(found)


def built_tables(manifest: Mapping[str, Any]) -> list[BuiltTable]:
    """The tables that are copied: public marts, and what PostgreSQL's own models and the runner read besides.

    Args:
        manifest: dbt's manifest.json.
    """
    nodes = manifest["nodes"]
    later = below_ops(manifest)
    read_later = {parent for key in later for parent in manifest["parent_map"].get(key, ())}
    return [
        _built_table(nodes[key])
        for key in sorted(nodes)
        if nodes[key]["resource_type"] == "model"
        and key not in later
        and nodes[key]["config"]["materialized"] in ("table", "incremental")
        and (
            nodes[key].get("access") == "public"
            or not {"staging", "intermediate"}.intersection(nodes[key]["fqn"])  # a model that users added
            or nodes[key]["name"] in READ_BY_THE_RUNNER
            or (key in read_later and "staging" not in nodes[key]["fqn"])
        )
    ]


def _built_table(node: Mapping[str, Any]) -> BuiltTable:
    kept = node["config"].get("persist_docs") or {}
    columns = node["columns"].values()
    public = node.get("access") == "public"
    return BuiltTable(
        node["unique_id"],
        node["schema"],
        node["alias"],
        types={column["name"]: column["data_type"] for column in columns} if public else {},
        indexes=node["config"].get("indexes") or (),
        comment=node["description"] if kept.get("relation") else "",
        column_comments={column["name"]: column["description"] for column in columns} if kept.get("columns") else None,
    )
