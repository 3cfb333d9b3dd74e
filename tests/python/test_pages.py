"""The pages in a browser, on the demo's data: what they show, how people act on them, and the same as files."""

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import Observed
from databases import fresh_database
from demo_pages import Demo, accessibility_faults, serving_at

from runner.procurement.lineage import figures
from runner.procurement.read import RULES_BY_ID
from runner.serve.site import MARK

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

PAGES = ("/", "/recommendations", "/recommendations?status=all", "/jobs", "/quality", "/search?q=harbor", "/login")


def open_at(page: Observed, demo: Demo, path: str) -> None:
    page.page.goto(f"{demo.base}{path}")


def newest_run(demo: Demo) -> str:
    ((run,),) = demo.rows(
        "select run_id::text from fieldlab_ops.job_runs where kind = 'run' order by started_at desc limit 1"
    )
    return str(run)


def one_of(demo: Demo, rule_id: str) -> int:
    """The first open recommendation of a rule."""
    (one, *_) = demo.rows(
        "select id from fieldlab_ops.recommendations where rule_id = %s and status = 'PENDING' order by id", rule_id
    )
    return int(one[0])


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_sound_wide_and_narrow_light_and_dark(page: Observed, demo: Demo, path: str) -> None:
    for width, scheme in ((1280, "light"), (390, "dark")):
        page.page.set_viewport_size({"width": width, "height": 900})
        page.page.emulate_media(color_scheme=scheme)
        open_at(page, demo, path)
        assert page.page.locator("h1").count() == 1
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
        assert accessibility_faults(page.page) == []
    assert page.faults == []


def test_the_day_shows_what_matters_and_leads_to_it(page: Observed, demo: Demo) -> None:
    open_at(page, demo, "/")
    shown = page.page.locator("main")
    assert "31 October 2025" in shown.inner_text()
    assert "The newest run succeeded" in shown.inner_text()
    assert "The sources are sound" in shown.inner_text()
    first = shown.locator("tbody th a").first
    title = first.inner_text()
    first.click()
    assert page.page.locator("h1").inner_text() == title
    assert page.faults == []


def test_filters_are_in_the_address_and_limit_the_list_and_its_csv(page: Observed, demo: Demo) -> None:
    open_at(page, demo, "/recommendations")
    page.page.get_by_label("Kind").select_option("VENDOR_SWITCH")
    page.page.get_by_label("Saves at least").fill("1,000")
    page.page.get_by_role("button", name="Filter").click()
    assert "type=VENDOR_SWITCH" in page.page.url
    kinds = page.page.locator(".decisions tbody th .sub").all_inner_texts()
    assert kinds
    assert all(kind.startswith("Vendor switch") for kind in kinds)
    with page.page.expect_download() as loading:
        page.page.get_by_role("link", name="All of them as CSV").click()
    text = Path(loading.value.path()).read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    ((number,),) = demo.rows(
        "select count(*) from fieldlab_ops.recommendations"
        " where type = 'VENDOR_SWITCH' and estimated_savings >= 1000 and status in ('PENDING', 'VIEWED')"
    )
    assert len(rows) == number > 0
    assert {row["type"] for row in rows} == {"VENDOR_SWITCH"}


def test_a_filter_that_cannot_be_read_or_finds_nothing_says_so(page: Observed, demo: Demo) -> None:
    open_at(page, demo, "/recommendations?type=NONE&min_savings=much&branch=Downtwon")
    text = page.page.locator("main").inner_text()
    assert "There is no type “NONE”." in text
    assert "“much” is not an amount" in text
    assert "Did you mean Downtown" in text
    assert "Nothing matches these filters." in text


def test_no_address_ends_in_an_error_of_the_server(page: Observed, demo: Demo) -> None:
    for path in (
        "/recommendations?page=99999999999999999999&min_savings=1e999&branch=%00&item=%FF",
        "/recommendations?page=7777",
        "/recommendations/9999999999999999999999",
        "/recommendations/%00",
        "/jobs?job=%00",
        "/search?q=%00",
        "/search?q=%25_",
    ):
        assert page.page.request.get(f"{demo.base}{path}", headers={"Accept": "text/html"}).status in {200, 404}, path


@pytest.mark.parametrize("rule_id", ["cheaper_vendor", "over_ordering", "seasonal_peak", "same_vendor_price_gap"])
def test_a_recommendation_shows_a_chart_its_numbers_and_where_they_come_from(
    page: Observed, demo: Demo, rule_id: str
) -> None:
    open_at(page, demo, f"/recommendations/{one_of(demo, rule_id)}")
    assert page.page.locator("figure.chart svg[role=img]").get_attribute("aria-label")
    figures = page.page.locator("section", has_text="The numbers behind it").last.locator("tbody tr")
    assert figures.count() > 3
    assert accessibility_faults(page.page) == []
    assert page.faults == []


def test_every_number_of_a_recommendation_names_a_column_that_is_there(demo: Demo) -> None:
    columns = set(
        demo.rows("select table_name, column_name from information_schema.columns where table_schema ^@ 'fieldlab'")
    )
    found = demo.rows(
        "select distinct on (rule_id) rule_id, context from fieldlab_ops.recommendations order by rule_id"
    )
    assert len(found) == len({rule for rule, _ in found}) >= 13
    for rule_id, context in found:
        shown = figures(RULES_BY_ID[rule_id], context)
        assert shown, rule_id
        unknown = [
            (one.name, one.mart, column) for one in shown for column in one.columns if (one.mart, column) not in columns
        ]
        assert unknown == [], rule_id


def test_before_the_first_run_every_page_says_what_to_do(page: Observed, demo: Demo, tmp_path: Path) -> None:
    with (
        fresh_database(demo.url) as url,
        serving_at({**demo.environment, "FIELDLAB_DATABASE_URL": url}, tmp_path / "log") as base,
    ):
        for path in ("/", "/recommendations", "/quality", "/jobs", "/spending", "/alignment"):
            page.page.goto(f"{base}{path}")
            assert "fieldlab run" in page.page.locator("main").inner_text(), path
            assert page.page.locator("h1").count() == 1


def test_a_decision_of_several_is_applied_as_one(page: Observed, demo: Demo) -> None:
    one = one_of(demo, "single_source")
    open_at(page, demo, f"/recommendations/D{one}")
    number = page.page.locator("main section").first.locator("tbody tr").count()
    assert number > 1
    page.page.get_by_role("button", name="Apply").click()
    assert f"{number} recommendations applied." in page.page.locator("main").inner_text()
    found = demo.rows(
        "select distinct status, applied_by is null from fieldlab_ops.recommendations where rule_id = 'single_source'"
    )
    assert found == [("APPLIED", False)]


def test_several_decisions_are_dismissed_at_once_with_a_reason(page: Observed, demo: Demo) -> None:
    open_at(page, demo, "/recommendations?type=WASTE_PREVENTION")
    boxes = page.page.get_by_role("checkbox")
    assert boxes.count() == 3
    for place in (0, 1):
        boxes.nth(place).check()
    page.page.get_by_label("Reason for dismissing").fill("a <b>feast</b> & more")
    page.page.get_by_role("button", name="Dismiss").click()
    assert "2 recommendations dismissed." in page.page.locator("main").inner_text()
    assert "type=WASTE_PREVENTION" in page.page.url
    assert page.page.get_by_role("checkbox").count() == 1
    reasons = demo.rows(
        "select dismiss_reason from fieldlab_ops.recommendations"
        " where status = 'DISMISSED' and rule_id = 'over_ordering'"
    )
    assert reasons == [("a <b>feast</b> & more",)] * 2
    open_at(page, demo, "/recommendations?type=WASTE_PREVENTION&status=dismissed")
    page.page.locator("tbody th a").first.click()
    assert "a <b>feast</b> & more" in page.page.locator("main").inner_text()


def test_nothing_chosen_changes_nothing_and_says_so(page: Observed, demo: Demo) -> None:
    open_at(page, demo, "/recommendations")
    before = demo.rows("select count(*) from fieldlab_ops.recommendation_events")
    page.page.get_by_role("button", name="Apply").click()
    assert "Nothing was chosen" in page.page.locator("main").inner_text()
    assert demo.rows("select count(*) from fieldlab_ops.recommendation_events") == before


def test_of_two_people_the_second_is_told_who_did_what(browser: "BrowserContext", page: Observed, demo: Demo) -> None:
    one = one_of(demo, "price_rise")
    other = browser.new_page()
    other.goto(f"{demo.base}/recommendations/{one}")
    open_at(page, demo, f"/recommendations/{one}")
    done = demo.fieldlab("recommendations", "dismiss", str(one), "--by", "Ana", "--reason", "contract runs until May")
    assert done.returncode == 0, done.stderr
    other.get_by_role("button", name="Apply").click()
    told = other.get_by_role("alert").inner_text()
    assert "Nothing was changed" in told
    assert re.search(r"Ana dismissed it on .* “contract runs until May”", told)
    assert other.get_by_role("button", name="Apply").count() == 0
    other.close()
    assert demo.rows("select status from fieldlab_ops.recommendations where id = %s", one) == [("DISMISSED",)]


def test_only_forms_of_these_pages_are_taken(page: Observed, demo: Demo) -> None:
    one = one_of(demo, "reorder_due")
    sent = page.page.request.post(
        f"{demo.base}/recommendations/act",
        form={"ids": str(one), "action": "apply"},
        headers={"Origin": "https://elsewhere.example"},
    )
    assert sent.status == 403
    kept = page.page.request.post(
        f"{demo.base}/recommendations/act",
        form={"action": "apply", "back": "https://elsewhere.example/recommendations"},
        max_redirects=0,
    )
    assert kept.headers["location"].startswith("/recommendations?")
    assert demo.rows("select status from fieldlab_ops.recommendations where id = %s", one) == [("PENDING",)]


def test_names_are_texts_and_never_markup(page: Observed, demo: Demo) -> None:
    one = one_of(demo, "vendor_twin")
    evil = "<script>document.title='x'</script><img src=x onerror=alert(1)> " + "Long" * 60
    demo.rows(
        "update fieldlab_ops.recommendations"
        " set title = %s, context = context || jsonb_build_object('vendor_name', %s::text)"
        " where id = %s returning id",
        evil,
        evil,
        one,
    )
    for path in ("/recommendations", f"/recommendations/{one}"):
        page.page.set_viewport_size({"width": 390, "height": 900})
        open_at(page, demo, path)
        assert evil.strip() in page.page.locator("main").inner_text().replace("\n", " ")
        assert page.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.faults == []


def test_a_run_shows_its_jobs_and_its_slowest_models(page: Observed, demo: Demo) -> None:
    open_at(page, demo, f"/jobs/{newest_run(demo)}")
    text = page.page.locator("main").inner_text()
    assert "spending-metrics" in text
    assert "Slowest models" in text
    assert accessibility_faults(page.page) == []
    assert page.faults == []


def test_what_is_not_there_gets_a_page_in_words(page: Observed, demo: Demo) -> None:
    for path in ("/recommendations/999999", "/recommendations/x%2Fy", "/jobs/x", "/nowhere"):
        answer = page.page.goto(f"{demo.base}{path}")
        assert answer is not None
        assert answer.status == 404, path
        assert "There is no" in page.page.locator("main").inner_text()


def test_a_page_prints_without_what_only_a_screen_needs(page: Observed, demo: Demo) -> None:
    open_at(page, demo, f"/recommendations/{one_of(demo, 'many_vendors')}")
    page.page.emulate_media(media="print")
    assert not page.page.get_by_role("button", name="Apply").is_visible()
    assert not page.page.locator("nav[aria-label=Main]").is_visible()
    assert page.page.pdf().startswith(b"%PDF")


def test_a_site_opens_from_files_and_every_link_leads_somewhere(page: Observed, demo: Demo, tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "jobs").mkdir(parents=True)
    (site / MARK).touch()
    (site / "jobs/old.html").touch()
    ((dealer, vendor), *_) = demo.rows(
        'select dealer_id, vendor_id from fieldlab_ops.alignment_reports order by dealer_id collate "C"'
    )
    done = demo.fieldlab("site", str(site), "--dealers", dealer, "--vendor", vendor)
    assert done.returncode == 0, done.stderr
    assert not (site / "jobs/old.html").exists(), "a site is replaced"
    files = sorted(site.rglob("*.html"))
    assert len(files) > 50
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert "<form" not in text, file
        for target in re.findall(r'(?:href|src)="([^"#]+)"', text):
            assert (file.parent / target).is_file(), (file, target)
    page.page.goto((site / "index.html").as_uri())
    page.page.get_by_role("link", name="Recommendations").click()
    page.page.locator("tbody th a").first.click()
    assert page.page.locator("h1").count() == 1
    assert page.faults == []


def test_a_site_replaces_nothing_but_a_site(demo: Demo, tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("dear", encoding="utf-8")
    refused = demo.fieldlab("site", str(tmp_path))
    assert refused.returncode == 1
    assert "is not empty" in refused.stderr
    assert letter.is_file()
