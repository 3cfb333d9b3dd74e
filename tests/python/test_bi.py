"""What BI tools and people with SQL are given works on the demo."""

import csv
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import superset
from played_demo import Played
from questions import PAGE, QUESTION, answered

from runner.database.warehouse import Warehouse

PROJECT = Path(__file__).parents[2]
TOLERANCE = 1e-9

needs_metricflow = pytest.mark.skipif(
    importlib.util.find_spec("dbt_metricflow") is None, reason="MetricFlow is not installed: pip install '.[metrics]'"
)

# Both marts are as they were before the demo published anything: empty.
RECOMMENDATIONS = """
    insert into fieldlab_procurement.recommendation_outcomes (
        recommendation_id, rule_id, type, category, title, priority, confidence_score, estimated_savings,
        expected_savings, savings_basis, is_price_rule, status, raised_on, open_days, as_of, computed_at, run_id
    )
    select
        id, rule_id, type, category, title, priority, confidence_score, estimated_savings,
        expected_savings, savings_basis, false, status, as_of, 0, as_of, created_at, run_id::text
    from fieldlab_ops.recommendations;

    insert into fieldlab_procurement.recommendation_adoption (
        month, type, category, raised_count, viewed_count, open_count, dismissed_count, applied_count, expired_count,
        measured_count, realised_effect, as_of, computed_at, run_id
    )
    values
    ('2025-09-01', 'VENDOR_SWITCH', 'savings', 9, 5, 2, 2, 4, 1, 2, 120.50, '2025-10-31', now(), 'a test'),
    ('2025-09-01', 'PRICE_NEGOTIATION', 'savings', 4, 2, 1, 1, 1, 1, 1, -20.25, '2025-10-31', now(), 'a test'),
    ('2025-10-01', 'VENDOR_SWITCH', 'savings', 3, 0, 3, 0, 0, 0, 0, null, '2025-10-31', now(), 'a test')
"""


class MetricFlow:
    """`mf` on the demo's database."""

    def __init__(self, played: Played, folder: Path) -> None:
        # mf reads dbt's artifact in the project's folder `target`, wherever dbt was told to write it.
        shutil.copy(PROJECT / "dbt_project.yml", folder)
        (folder / "target").mkdir()
        shutil.copy(played.target / "semantic_manifest.json", folder / "target")
        self._folder = folder
        self._environment = {
            **os.environ,
            **Warehouse(played.url).dbt_environment(),
            "DBT_PROFILES_DIR": str(PROJECT / "runner" / "dbt" / "profiles"),
            "DBT_PROJECT_DIR": str(folder),
        }

    def run(self, *arguments: str) -> str:
        command = Path(sys.executable).with_name("mf")
        done = subprocess.run(
            [command, *arguments], capture_output=True, text=True, check=False, env=self._environment, cwd=self._folder
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def query(self, metrics: str, group_by: str) -> dict[tuple[str, ...], list[float | None]]:
        """The metrics' values, by those of the dimensions."""
        file = self._folder / "answer.csv"
        self.run("query", "--quiet", "--metrics", metrics, "--group-by", group_by, "--csv", str(file))
        with file.open(newline="", encoding="utf-8") as lines:
            return {
                tuple(row[name] for name in group_by.split(",")): [
                    float(row[name]) if row[name] else None for name in metrics.split(",")
                ]
                for row in csv.DictReader(lines)
            }


def test_the_answers_in_the_docs_are_those_of_the_demo(played: Played) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(QUESTION.findall(page)) == len(re.findall(r"^### \d+\. ", page, re.MULTILINE)) == 20
    assert answered(page, played.url) == page


@pytest.fixture(scope="module")
def metricflow(played: Played, tmp_path_factory: pytest.TempPathFactory) -> MetricFlow:
    return MetricFlow(played, tmp_path_factory.mktemp("metricflow"))


@pytest.fixture(scope="module")
def decided(played: Played) -> Iterator[None]:
    """Recommendations in the marts: the demo's own are as they were before it published any, empty."""
    with psycopg.connect(played.url, autocommit=True) as connection:
        connection.execute(RECOMMENDATIONS)
        yield
        connection.execute("delete from fieldlab_procurement.recommendation_outcomes")
        connection.execute("delete from fieldlab_procurement.recommendation_adoption")


@needs_metricflow
def test_metricflow_finds_every_table_and_column_it_names(metricflow: MetricFlow) -> None:
    assert "ERRORS: 0" in metricflow.run("validate-configs")


@needs_metricflow
@pytest.mark.usefixtures("decided")
@pytest.mark.parametrize(
    ("metrics", "group_by", "query"),
    [
        (
            "spend,quantity,invoices,average_price",
            "item__category,metric_time__fiscal_year",
            """
            select category, fiscal_year, sum(amount), sum(quantity), count(distinct invoice_id),
                sum(amount) / sum(quantity)
            from fieldlab_procurement.invoice_lines
            inner join fieldlab_procurement.items using (item_id)
            inner join fieldlab_shared.dates on date_day = date
            group by category, fiscal_year
            """,
        ),
        (
            "price_index,category_price_index",
            "metric_time__quarter",
            """
            select cast(date_trunc('quarter', month) as timestamp), max(year_fisher) filter (where scope = 'network'),
                sum(year_fisher * purchase_amount) filter (where scope = 'category')
                / sum(purchase_amount) filter (where scope = 'category' and year_fisher is not null)
            from fieldlab_procurement.price_indices
            where month in (
                select max(month) from fieldlab_procurement.price_indices group by date_trunc('quarter', month)
            )
            group by date_trunc('quarter', month)
            """,
        ),
        (
            "savings_identified,savings_realised,adoption",
            "metric_time__month",
            """
            select cast(coalesce(outcomes.month, adopted.month) as timestamp), outcomes.savings,
                adopted.effect, adopted.applied / nullif(adopted.closed, 0)
            from (
                select date_trunc('month', raised_on) as month, sum(estimated_savings) as savings
                from fieldlab_procurement.recommendation_outcomes where savings_basis = 'year' group by 1
            ) as outcomes
            full join (
                select month, sum(realised_effect) as effect, sum(applied_count) as applied,
                    sum(applied_count + dismissed_count + expired_count) as closed
                from fieldlab_procurement.recommendation_adoption group by 1
            ) as adopted on adopted.month = outcomes.month
            """,
        ),
        (
            "alignment",
            "dealer__region,dealer_fit__vendor_id",
            """
            select region, vendor_id, avg(alignment_score)
            from fieldlab_alignment.dealer_alignment left join fieldlab_alignment.dealers using (dealer_id)
            group by region, vendor_id
            """,
        ),
    ],
)
def test_metrics_are_what_sql_says(
    played: Played, metricflow: MetricFlow, metrics: str, group_by: str, query: str
) -> None:
    places = len(group_by.split(","))
    with psycopg.connect(played.url) as connection:
        rows = connection.execute(query).fetchall()  # type: ignore[call-overload]
    expected = {
        tuple("" if key is None else str(key) for key in row[:places]): [
            None if value is None else pytest.approx(float(value), rel=TOLERANCE) for value in row[places:]
        ]
        for row in rows
    }
    assert len(expected) > 1
    assert metricflow.query(metrics, group_by) == expected


def test_supersets_datasets_have_the_columns_of_the_marts(played: Played) -> None:
    manifest = json.loads((played.target / "manifest.json").read_text(encoding="utf-8"))
    for file, dataset in superset.files("datasets").items():
        assert dataset == superset.described(dataset, manifest), f"{file}: run python tests/python/superset.py"
        assert all(column["description"] for column in dataset["columns"]), file


def test_supersets_dashboard_shows_every_chart_once() -> None:
    (dashboard,) = superset.files("dashboards").values()
    parts = [part for part in dashboard["position"].values() if isinstance(part, dict)]
    shown = [part["meta"]["uuid"] for part in parts if part["type"] == "CHART"]
    charts = superset.files("charts").values()
    assert sorted(shown) == sorted(chart["uuid"] for chart in charts)
    datasets = {dataset["uuid"] for dataset in superset.files("datasets").values()}
    assert {chart["dataset_uuid"] for chart in charts} == datasets
    (database,) = superset.files("databases").values()
    assert {dataset["database_uuid"] for dataset in superset.files("datasets").values()} == {database["uuid"]}


@pytest.mark.usefixtures("decided")
@pytest.mark.parametrize("file", superset.files("charts"), ids=lambda file: file.stem)
def test_supersets_charts_find_rows_on_the_demo(played: Played, file: Path) -> None:
    with psycopg.connect(played.url) as connection:
        assert connection.execute(superset.query(file)).fetchone() is not None
