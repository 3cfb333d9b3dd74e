"""The page of `fieldlab docs`: what is embedded in it, and how it looks in a browser."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from browser import Observed
from click.testing import CliRunner
from dbt_database import dbt_database

from runner.cli import cli
from runner.dbt.docs import missing_tables, static_page, with_pictures, without_unit_tests
from runner.errors import FieldlabError

AS_OF = date(2024, 2, 29)
SITE = '<script>n={manifest:"MANIFEST.JSON INLINE DATA",catalog:"CATALOG.JSON INLINE DATA"}</script>'
TABLES = ("model.shop.spending", "model.shop.prices", "seed.shop.rules")
MANIFEST = {
    "nodes": {key: {"resource_type": key.split(".")[0]} for key in (*TABLES, "test.shop.unique")},
    "unit_tests": {"unit_test.shop.spending.adds": {}},
    "parent_map": {"model.shop.spending": [], "unit_test.shop.spending.adds": ["model.shop.spending"]},
    "child_map": {"model.shop.spending": ["unit_test.shop.spending.adds", "test.shop.unique"]},
}


def test_unit_tests_are_dropped_from_the_graph_and_nothing_else() -> None:
    kept = without_unit_tests(MANIFEST)
    assert kept["unit_tests"] == {}
    assert kept["parent_map"] == {"model.shop.spending": []}
    assert kept["child_map"] == {"model.shop.spending": ["test.shop.unique"]}
    assert kept["nodes"] == MANIFEST["nodes"]


def test_data_cannot_end_the_script_it_is_embedded_in() -> None:
    page = static_page(SITE, {"description": "</script><!-- <b>"}, {})
    assert page.count("</script>") == 1
    assert "<!--" not in page
    assert json.loads(page.partition("manifest:")[2].partition(",catalog")[0]) == {"description": "</script><!-- <b>"}


def test_a_site_without_a_place_for_the_data_is_refused() -> None:
    with pytest.raises(FieldlabError, match=r"no \"CATALOG.JSON INLINE DATA\""):
        static_page(SITE.replace("CATALOG", "SOMETHING"), {}, {})


def test_what_is_not_built_is_told_in_words() -> None:
    assert missing_tables(MANIFEST, {"nodes": dict.fromkeys(TABLES)}) == ""
    assert missing_tables(MANIFEST, {"nodes": dict.fromkeys(TABLES[:2])}) == "1 table is not built yet: rules."
    assert "Nothing is built yet" in missing_tables(MANIFEST, {"nodes": {}})
    many = {"nodes": {f"model.shop.m{number}": {"resource_type": "model"} for number in range(9)}}
    expected = "8 tables are not built yet: m1, m2, m3, m4, m5 and 3 others."
    assert missing_tables(many, {"nodes": {"model.shop.m0": {}}}) == expected


def test_pictures_are_embedded(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "flow.svg").write_text("<svg/>", encoding="utf-8")
    page = {"block_contents": "![Flow](assets/flow.svg) [more](https://example.com/assets/flow.svg)"}
    shown = with_pictures({"docs": {"overview": page}}, tmp_path)["docs"]["overview"]["block_contents"]
    assert shown == "![Flow](data:image/svg+xml;base64,PHN2Zy8+) [more](https://example.com/assets/flow.svg)"


@pytest.fixture(scope="module")
def file(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The page of a database in which little is built."""
    folder = tmp_path_factory.mktemp("docs")
    with dbt_database(server_url, folder) as database, pytest.MonkeyPatch.context() as environment:
        database.run("run", "--select", "dates", as_of=AS_OF)
        environment.setenv("FIELDLAB_DATABASE_URL", database.url)
        page = folder / "deep" / "page.html"
        result = CliRunner().invoke(cli, ["docs", str(page)], catch_exceptions=False)
        assert result.exit_code == 0
        assert "are not built yet" in result.stderr
        assert f"{page} is written" in result.stdout
        yield page


def test_the_overview_leads_to_every_table(page: Observed, file: Path) -> None:
    page.page.goto(file.as_uri())
    page.page.get_by_role("heading", name="Procurement: where does the money go?").wait_for()
    page.page.locator("a[href='#!/model/model.fieldlab.dates']").click()
    page.page.get_by_text("is_month_end").first.wait_for()
    page.page.get_by_text("date_day").first.wait_for()
    assert page.faults == []


def test_the_graph_shows_no_unit_test(page: Observed, file: Path) -> None:
    page.page.goto(f"{file.as_uri()}#!/overview?g_v=1")
    page.page.locator("canvas").first.wait_for(state="attached")
    page.page.wait_for_function("angular.element(document.body).injector().get('graph').graph.elements.length > 100")
    ids = page.page.evaluate(
        "angular.element(document.body).injector().get('graph').graph.elements.map(element => element.data.id)"
    )
    assert "model.fieldlab.collection_trends" in ids
    assert [name for name in ids if str(name).startswith("unit_test.")] == []
    assert page.faults == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("model/model.fieldlab.collection_trends", "normalized_trend"),
        ("source/source.fieldlab.raw_procurement.Invoice", "invoiceNumber"),
        ("seed/seed.fieldlab.recommendation_rules", "parameter"),
        ("snapshot/snapshot.fieldlab.selections_snapshot", "dbt_valid_from"),
        ("macro/macro.fieldlab.as_of", "as_of"),
        ("exposure/exposure.fieldlab.recommendation_list", "Procurement analytics"),
    ],
)
def test_pages_show_what_they_are_about(page: Observed, file: Path, path: str, words: str) -> None:
    page.page.goto(f"{file.as_uri()}#!/{path}")
    page.page.locator(".app-content").get_by_text(words).locator("visible=true").first.wait_for()
    assert page.faults == []
