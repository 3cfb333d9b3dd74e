"""The dbt project as an analytics engineer has it: `dbt build` on source tables fresh from the application."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from changed_vars import changed_vars
from dbt_database import DbtDatabase, dbt_database

from runner.database.sources import create_source_tables
from runner.database.warehouse import Warehouse
from runner.dbt.jobs import JOBS
from runner.dbt.process import DbtResult, open_dbt
from runner.load.contract import DOMAINS
from runner.settings import load_settings

AS_OF = date(2024, 2, 29)


@dataclass(frozen=True)
class Built:
    """The project after its first build."""

    database: DbtDatabase
    result: DbtResult
    manifest: Mapping[str, Any]


@pytest.fixture(scope="module")
def built(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    with dbt_database(server_url, tmp_path_factory.mktemp("project")) as database:
        # Without what an application may lack: unit tests must not rely on it.
        with psycopg.connect(database.url) as connection:
            for domain in DOMAINS:
                create_source_tables(connection, load_settings(), domain)
        result = database.dbt.invoke(["build"], {"FIELDLAB_AS_OF": AS_OF.isoformat()})
        yield Built(database, result, database.dbt.manifest())


def test_a_first_build_passes_every_data_test_and_every_unit_test(built: Built) -> None:
    assert built.result.explain() == []
    # Nor did any node not run.
    ends = {(node.kind, node.status) for node in built.result.nodes if node.kind != "exposure"}
    made = {(kind, "success") for kind in ("model", "operation", "seed", "snapshot")}
    assert ends == made | {("test", "pass"), ("unit_test", "pass")}


def test_unit_tests_pass_whatever_the_vars_are(built: Built) -> None:
    # dbt reads the project anew for other vars, so all of them change at once; alone each is pinned by test_vars.
    arguments = ["test", "--select", "test_type:unit", "--vars", json.dumps(changed_vars())]
    result = built.database.dbt.invoke(arguments, {"FIELDLAB_AS_OF": AS_OF.isoformat()})
    assert result.explain() == []
    assert {node.status for node in result.nodes if node.kind == "unit_test"} == {"pass"}


def test_plain_dbt_refuses_wrong_vars_by_name_before_it_builds(built: Built) -> None:
    other_kinds = {"timezone": "Mars/Olympus", "staging_materialized": "tabel", "price_window_days": None}
    wrong = {**dict.fromkeys(changed_vars(), -1), **other_kinds}
    result = built.database.dbt.invoke(["run", "--vars", json.dumps(wrong)], {"FIELDLAB_AS_OF": AS_OF.isoformat()})
    (said,) = result.explain()
    assert "The var price_window_days is null; it must be a whole number from 1 to 36500." in said
    assert [name for name in wrong if f"The var {name} is {json.dumps(wrong[name])};" not in said] == []
    assert {node.status for node in result.nodes if node.kind == "model"} <= {"skipped"}


def test_everything_is_described(built: Built) -> None:
    others = ("sources", "exposures", "metrics", "semantic_models", "saved_queries")
    described = [*relations(built), *(resource for kind in others for resource in built.manifest[kind].values())]
    own_macros = [macro for macro in built.manifest["macros"].values() if macro["package_name"] == "fieldlab"]
    engines = ("default__", "duckdb__", "postgres__", "spark__")
    described += [macro for macro in own_macros if not macro["name"].startswith(engines)]
    assert [node["name"] for node in described if not node["description"].strip()] == []
    assert [
        f"{node['name']}.{column['name']}"
        for node in described
        for column in [*node.get("columns", {}).values(), *node.get("arguments", [])]
        if not column["description"].strip()
    ] == []


def test_every_model_says_what_one_row_is(built: Built) -> None:
    grains = {node["name"]: node["config"]["meta"].get("grain") for node in relations(built, "model", "snapshot")}
    assert [name for name, grain in grains.items() if not grain] == []


def test_every_build_holds_the_grain_of_each_public_mart(built: Built) -> None:
    """By a unique index on columns that are never null, or by a data test of exactly these columns."""
    held = set()
    for test in relations(built, "test"):
        metadata = test.get("test_metadata", {"name": test["name"]})
        if metadata["name"] in ("unique", "unique_combination_of_columns"):
            columns = metadata["kwargs"].get("combination_of_columns") or [metadata["kwargs"]["column_name"]]
            held.add((built.manifest["nodes"][test["attached_node"]]["name"], frozenset(columns)))
        # This grain has nulls, and to read the rows of every date would cost each run more.
        if metadata["name"] == "each_purchase_of_the_window_is_in_one_snapshot":
            held.add(("price_snapshots", frozenset(["snapshot_date", "item_id", "vendor_id", "branch_id"])))
    for model in relations(built, "model"):
        never_null = {
            name
            for name, column in model["columns"].items()
            if any(constraint["type"] == "not_null" for constraint in column["constraints"])
        }
        for index in model["config"].get("indexes", ()):
            if index.get("unique") and never_null.issuperset(index["columns"]):
                held.add((model["name"], frozenset(index["columns"])))

    marts = [node for node in relations(built, "model") if node["config"]["access"] == "public"]
    assert len(marts) > len(JOBS)
    grains = {node["name"]: frozenset(node["config"]["meta"]["grain"]) for node in marts}
    assert [name for name, grain in grains.items() if (name, grain) not in held] == []


def test_every_column_in_the_database_is_described_and_no_other(built: Built) -> None:
    found = built.database.rows(
        "select table_schema as schema, table_name as name, jsonb_agg(column_name) as columns"
        " from information_schema.columns where table_schema like 'fieldlab%' group by 1, 2"
    )
    in_database = {(row["schema"], row["name"]): set(row["columns"]) for row in found}
    in_yaml = {
        (node["schema"], node["name"]): set(node["columns"])
        for node in relations(built)
        if node["config"]["materialized"] != "ephemeral"
    }
    assert in_database == in_yaml


def test_dbt_project_yml_can_make_staging_tables(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = load_settings().project_dir
    for folder in ("macros", "models", "seeds", "snapshots", "tests", "dbt_packages", "packages.yml"):
        (tmp_path / folder).symlink_to(original / folder)
    project = (original / "dbt_project.yml").read_text(encoding="utf-8")
    changed = project.replace("staging_materialized: view", "staging_materialized: table")
    (tmp_path / "dbt_project.yml").write_text(changed, encoding="utf-8")
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))

    warehouse = Warehouse(built.database.url, target_schema="as_tables")
    with open_dbt(replace(load_settings(), project_dir=tmp_path), warehouse) as dbt:
        result = dbt.invoke(["run", "--select", "models/staging"], {})
    assert result.explain() == []
    kinds = built.database.rows(
        "select distinct table_type as kind from information_schema.tables where table_schema = 'as_tables_staging'"
    )
    assert kinds == [{"kind": "BASE TABLE"}]


def test_any_model_can_be_run_alone_and_leaves_every_relation_there(built: Built) -> None:
    """PostgreSQL drops a view with the table or view it reads, and dbt makes these anew.

    From the last models to the first, so that nothing makes good what a model's run took away. Models that do not read
    one another are run together.
    """
    waiting = {node["unique_id"] for node in relations(built, "model")}
    while waiting:
        last = {key for key in waiting if not waiting.intersection(built.manifest["child_map"][key])}
        names = [built.manifest["nodes"][key]["name"] for key in sorted(last)]
        built.database.run("run", "--select", *names, as_of=AS_OF)
        waiting -= last

    for node in relations(built):
        if node["config"]["materialized"] != "ephemeral":
            built.database.rows(f"select count(*) from {node['relation_name']}")


@pytest.mark.parametrize(("present", "absent"), [DOMAINS, DOMAINS[::-1]])
def test_one_application_alone_builds_and_the_marts_of_the_other_are_empty(
    built: Built, present: str, absent: str
) -> None:
    database = built.database
    database.reset(present)
    database.run("build", "--exclude-resource-type", "unit_test", as_of=AS_OF)

    empty = [node["relation_name"] for node in relations(built) if node["schema"] == f"fieldlab_{absent}"]
    assert len(empty) > len(JOBS)
    counts = " union all ".join(f"select '{name}' as name, count(*) as rows from {name}" for name in empty)
    assert {row["name"]: row["rows"] for row in database.rows(counts)} == dict.fromkeys(empty, 0)


def relations(built: Built, *kinds: str) -> list[Mapping[str, Any]]:
    """The nodes of these kinds; without any, those that may become a table or view."""
    wanted = kinds or ("model", "seed", "snapshot")
    return [node for node in built.manifest["nodes"].values() if node["resource_type"] in wanted]
