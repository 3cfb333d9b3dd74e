"""Engines that build the marts in place of PostgreSQL: what they compute and what is said of faults."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import psycopg
import pytest
from databases import fresh_database

from benchmarks import parity
from runner.database.sources import create_source_tables
from runner.database.warehouse import Warehouse
from runner.dbt.process import DbtResult, NodeResult
from runner.demo import generate
from runner.engines import engine as engines
from runner.engines.duckdb_sources import copy_sources
from runner.engines.marts import BuiltTable, below_ops, built_tables
from runner.errors import FieldlabError
from runner.load.loader import load_folder
from runner.ops.pipeline import build_arguments
from runner.settings import Settings, load_settings

AS_OF = date(2025, 10, 31)

# Exact thresholds, halves, nulls and large numbers, bought in the last days of the demo.
NASTY = """
    insert into raw_procurement."Item" (id, name, "vendorId") values (900001, 'Halves', 1), (900002, 'Millions', null);
    insert into raw_procurement."Invoice" (id, date, status, "branchId", "departmentId", "costCenterId")
        select 900000 + n, timestamp '2025-10-31' - n * interval '2 days', 'APPROVED', nullif(n % 2, 0), null, null
        from generate_series(1, 12) as n;
    insert into raw_procurement."InvoiceItem" (id, "invoiceId", "itemId", quantity, price)
        select 9000000 + n, 900000 + n, 900001, 3 * n, 0.0001 from generate_series(1, 12) as n
        union all
        select 9100000 + n, 900000 + n, 900002, 99999, 9999.99 + n from generate_series(1, 12) as n
        union all
        select 9200000, 900001, 900002, -1, 0.5
"""


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings()


@pytest.fixture(scope="module")
def demo(server_url: str, tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> Iterator[Warehouse]:
    """A database with the demo's data and some nasty rows."""
    folder = tmp_path_factory.mktemp("demo")
    generate(folder, as_of=AS_OF)
    with fresh_database(server_url) as url:
        warehouse = Warehouse(url)
        with warehouse.connect() as connection:
            load_folder(connection, settings, folder)
            connection.execute(NASTY)
        yield warehouse


def test_duckdb_computes_every_mart_as_postgresql_does(demo: Warehouse, settings: Settings, tmp_path: Path) -> None:
    pytest.importorskip("dbt.adapters.duckdb", reason="dbt-duckdb is not installed")
    differences = parity.compare(replace(settings, home=tmp_path), demo, "duckdb", AS_OF)
    assert {"spending_metrics", "order_anomalies", "price_indices", "similar_products"} <= {
        item.name for item in differences if item.rows
    }
    assert [item for item in differences if item.only_postgres or item.only_engine] == []


def test_more_decimals_than_duckdb_keeps_are_refused_by_table_column_and_value(
    server_url: str, settings: Settings
) -> None:
    with fresh_database(server_url) as url, psycopg.connect(url) as connection, duckdb.connect() as duck:
        create_source_tables(connection, settings, "procurement", with_optional=True)
        connection.execute("""insert into raw_procurement."Item" (id, name) values (1, 'Tea')""")
        connection.execute(
            """insert into raw_procurement."Invoice" (id, date, status) values (1, '2025-10-01', 'APPROVED')"""
        )
        connection.execute(
            """insert into raw_procurement."InvoiceItem" (id, "invoiceId", "itemId", quantity, price)
            values (1, 1, 1, 1.2500, 0.33333)"""
        )
        with pytest.raises(FieldlabError, match=r"raw_procurement.InvoiceItem.price holds 0.33333, .* 4 decimals"):
            copy_sources(connection, settings, duck)
        connection.execute("""update raw_procurement."InvoiceItem" set price = 'NaN'""")
        copy_sources(connection, settings, duck)
        lines = duck.execute('select quantity, price from raw_procurement."InvoiceItem"').fetchall()
    assert [tuple(map(str, line)) for line in lines] == [("1.2500", "NaN")]


def test_an_engine_that_is_not_installed_is_named_with_what_to_do(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    with (
        pytest.raises(FieldlabError, match="dbt's adapter for duckdb is not installed") as caught,
        engines.open_engine(settings, Warehouse("postgresql://nowhere"), "duckdb"),
    ):
        pass
    assert "pip install" in caught.value.hint


def test_what_reads_the_runners_tables_is_left_to_postgresql() -> None:
    manifest = {
        "sources": {"source.fieldlab.fieldlab_ops.recommendations": {}},
        "child_map": {
            "source.fieldlab.fieldlab_ops.recommendations": ["model.fieldlab.stg"],
            "model.fieldlab.stg": ["model.fieldlab.outcomes"],
        },
        "parent_map": {"model.fieldlab.outcomes": ["model.fieldlab.stg", "model.fieldlab.positions"]},
        "nodes": {
            f"model.fieldlab.{name}": {
                "unique_id": f"model.fieldlab.{name}",
                "resource_type": "model",
                "name": name,
                "alias": name,
                "schema": "fieldlab_alignment",
                "fqn": ["fieldlab", folder, name],
                "access": access,
                "config": {"materialized": "table"},
                "columns": {"as_of": {"name": "as_of", "data_type": "date", "description": ""}},
                "description": "",
            }
            for name, access, folder in [
                ("outcomes", "public", "marts"),
                ("positions", "public", "marts"),
                ("steps", "protected", "intermediate"),
                ("own", "protected", "custom"),
            ]
        },
    }
    assert below_ops(manifest) == {"model.fieldlab.stg", "model.fieldlab.outcomes"}
    assert built_tables(manifest) == [
        BuiltTable("model.fieldlab.own", "fieldlab_alignment", "own", {}, column_comments=None),
        BuiltTable(
            "model.fieldlab.positions", "fieldlab_alignment", "positions", {"as_of": "date"}, column_comments=None
        ),
    ]


def test_postgresql_is_left_its_part_of_each_job() -> None:
    arguments = build_arguments(
        ["alignment"], whole=False, full_refresh=False, snapshots=True, only=["fieldlab.staging"], without=["x+"]
    )
    assert arguments[:5] == ["build", "--select", "fieldlab.staging,+tag:alignment", "--exclude", "x+"]


def test_what_failed_on_either_side_counts_as_failed() -> None:
    there = DbtResult((NodeResult("seed.fieldlab.a", "error"), NodeResult("seed.fieldlab.b", "success")))
    here = DbtResult((NodeResult("seed.fieldlab.a", "success"), NodeResult("seed.fieldlab.b", "error")), "No server.")
    joined = there.joined_by(here)
    assert [(node.name, node.status) for node in joined.nodes] == [("a", "error"), ("b", "error")]
    assert joined.error == "No server."
