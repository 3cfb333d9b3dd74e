"""fieldlab as a dbt package: a host project with schema names of its own gets the same marts."""

import json
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from shutil import copytree
from typing import Any

import psycopg
import pytest
from dbt_database import DbtDatabase, dbt_database
from oracle import alignment_data, procurement_data
from psycopg import sql

from runner.database.sources import create_source_tables
from runner.database.warehouse import Warehouse
from runner.dbt.process import open_dbt
from runner.ops.pipeline import Request, run_pipeline
from runner.settings import Settings, load_settings

PROJECT = Path(__file__).parents[2]
AS_OF = date(2024, 2, 29)
# Which run wrote a row, and when, is the only thing that may differ.
OF_THE_RUN = {"run_id", "computed_at"}


@pytest.fixture(scope="module")
def database(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DbtDatabase]:
    with dbt_database(server_url, tmp_path_factory.mktemp("package")) as opened:
        yield opened


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The host project with this checkout installed, as `dbt deps` does it for a local package: by links."""
    folder = tmp_path_factory.mktemp("host") / "project"
    copytree(PROJECT / "integration_tests", folder, ignore=lambda *_: {"target", "dbt_packages", "logs"})
    (folder / "dbt_packages").mkdir()
    (folder / "dbt_packages" / "fieldlab").symlink_to(PROJECT)
    (folder / "dbt_packages" / "dbt_utils").symlink_to(PROJECT / "dbt_packages" / "dbt_utils")
    return folder


def test_a_host_project_gets_the_same_marts_in_schemas_named_its_own_way(
    database: DbtDatabase, host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database.url)
    database.run("build", "--exclude-resource-type", "unit_test", as_of=AS_OF)

    monkeypatch.setenv("DBT_TARGET_PATH", str(host / "target"))
    settings = Settings(project_dir=host, home=host / "home")
    with open_dbt(settings, Warehouse(database.url)) as dbt:
        arguments = ["build", "--exclude-resource-type", "unit_test", "--warn-error"]
        for _ in range(2):  # the second time, incremental models meet their own tables
            result = dbt.invoke(arguments, {"FIELDLAB_AS_OF": AS_OF.isoformat()})
            assert result.explain() == []

    nodes = public_marts(host / "target" / "manifest.json")
    marts = [(node["schema"], node["name"]) for node in nodes]
    assert {schema for schema, _ in marts} >= {"analytics_alignment", "analytics_procurement"}
    with psycopg.connect(database.url) as connection:
        for node in nodes:
            connection.execute(sql.SQL("explain ") + sql.SQL(example(node["description"])))
        for schema, mart in marts:
            own = schema.replace("analytics", "fieldlab", 1)
            assert contents(connection, schema, mart) == contents(connection, own, mart), mart
        for relation in relations(host / "target" / "manifest.json"):
            assert without_comment(connection, relation["schema"], relation["alias"]) == [], relation["unique_id"]
        total = connection.execute("select sum(total_amount) from analytics_reporting.spend_by_vendor").fetchone()
        assert total == connection.execute("select sum(amount) from fieldlab_procurement.invoice_lines").fetchone()


def test_the_runner_publishes_from_a_hosts_schemas(
    database: DbtDatabase, host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIELDLAB_PROJECT_DIR", str(host))
    monkeypatch.setenv("DBT_TARGET_PATH", str(host / "target"))
    with psycopg.connect(database.url) as connection:
        connection.execute("drop schema fieldlab_alignment, fieldlab_procurement, fieldlab_shared cascade")
    settings = load_settings()
    assert (settings.is_host, settings.schema("alignment")) == (True, "analytics_alignment")

    report = run_pipeline(settings, Warehouse(database.url), Request(as_of=AS_OF))

    assert (report.outcome, report.problems) == ("succeeded", ())
    published = {item.job.name: sum(item.end.details["counts"].values()) for item in report.jobs}
    assert min(published["alignment"], published["recommendations"]) > 0


def fill(url: str) -> None:
    """Put both domains' edge cases into source tables."""
    market = alignment_data.Market(AS_OF, "UTC")
    alignment_data.edge_cases(market)
    alignment_data.chance(market, random.Random("package"), vendors=3)
    tables = {
        "alignment": alignment_data.rows_for_copy(market.sources),
        "procurement": procurement_data.rows_for_copy(procurement_data.edge_cases(AS_OF)),
    }
    with psycopg.connect(url) as connection:
        for domain, contents_of in tables.items():
            create_source_tables(connection, load_settings(), domain, with_optional=True)
            for table, (columns, rows) in contents_of.items():
                statement = sql.SQL("copy {} ({}) from stdin").format(
                    sql.Identifier(f"raw_{domain}", table), sql.SQL(", ").join(map(sql.Identifier, columns))
                )
                with connection.cursor() as cursor, cursor.copy(statement) as copy:
                    for row in rows:
                        copy.write_row(row)


def relations(manifest: Path) -> list[dict[str, Any]]:
    """Each table and view of the package."""
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    built = {"model", "seed", "snapshot"}
    return [node for node in nodes if node["package_name"] == "fieldlab" and node["resource_type"] in built]


def public_marts(manifest: Path) -> list[dict[str, Any]]:
    """Each mart of the package."""
    return [node for node in relations(manifest) if node.get("access") == "public"]


def example(description: str) -> str:
    """The example query in a mart's description."""
    return description.partition("```sql\n")[2].partition("```")[0]


def without_comment(connection: psycopg.Connection, schema: str, table: str) -> list[str]:
    """The columns that a reader finds without a description, and the table itself."""
    query = """
        select coalesce(a.attname, c.relname)
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace and n.nspname = %s
        left join lateral (
            select attname, attnum from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped
            union all select null, 0
        ) as a on true
        where c.relname = %s and coalesce(col_description(c.oid, a.attnum), '') = ''
    """
    return [name for (name,) in connection.execute(query, [schema, table])]


def contents(connection: psycopg.Connection, schema: str, table: str) -> list[str]:
    """Every row as text, sorted, without what belongs to the run."""
    query = sql.SQL("select to_jsonb(t) - {}::text[] from {} as t").format(
        sql.Literal(sorted(OF_THE_RUN)), sql.Identifier(schema, table)
    )
    return sorted(json.dumps(row, sort_keys=True) for (row,) in connection.execute(query))
