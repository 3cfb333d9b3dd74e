"""The pages of analysis in a browser: their figures are those of the marts, and a report is one page of paper."""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from browser import Observed
from demo_pages import Demo, accessibility_faults

if TYPE_CHECKING:
    from playwright.sync_api import Locator

DEALER, VENDOR = "alcott-montague-interiors", "marlowe-and-finch"
REPORT = f"/alignment/{DEALER}?vendor={VENDOR}"
PAGES = (
    *("/spending?by=item&compare=quarter", "/prices/9", "/items?q=ch", "/items/9", "/vendors/21", "/branches/5"),
    *("/alignment", REPORT),
)
# Markup and a long word without a blank.
EVIL = "<script>document.title='x'</script><img src=x onerror=alert(1)>" + "Long" * 60


def open_at(page: Observed, demo: Demo, path: str, *, width: int = 1280, scheme: str = "light") -> None:
    page.page.set_viewport_size({"width": width, "height": 900})
    page.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    answer = page.page.goto(f"{demo.base}{path}")
    assert answer is not None
    assert answer.status == 200, path


def one(demo: Demo, statement: str, *values: object) -> Any:
    ((value,),) = demo.rows(statement, *values)
    return value


def money(value: Decimal) -> str:
    return f"{value.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def cells(table: "Locator") -> Sequence[Sequence[str]]:
    """The texts of a table's body, row by row."""
    return [
        [cell.strip() for cell in row.locator("th, td").all_text_contents()] for row in table.locator("tbody tr").all()
    ]


def table_of(page: Observed, label: str) -> "Locator":
    return page.page.get_by_role("region", name=label, exact=True).locator("table")


def chart_table(page: Observed, title: str) -> Sequence[Sequence[str]]:
    """The numbers behind a chart."""
    figure = page.page.locator("figure.chart", has_text=title).first
    assert figure.locator("svg[role=img]").get_attribute("aria-label")
    return cells(figure.locator("table"))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_sound_wide_and_narrow_light_and_dark(page: Observed, demo: Demo, path: str) -> None:
    for width, scheme in ((1280, "light"), (390, "dark")):
        open_at(page, demo, path, width=width, scheme=scheme)
        assert page.page.locator("h1").count() == 1
        assert page.page.locator("[style]").count() == 0
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    assert accessibility_faults(page.page) == []
    assert page.faults == []


def test_spending_adds_up_to_the_invoice_lines(page: Observed, demo: Demo) -> None:
    open_at(page, demo, "/spending")
    spent = "select sum(amount) from fieldlab_procurement.invoice_lines where date between %s and %s"
    now, before = one(demo, spent, "2024-11-01", "2025-10-31"), one(demo, spent, "2023-11-02", "2024-10-31")
    assert page.page.locator(".stat .value").first.inner_text() == money(now)
    steps = {row[0]: row[-1].replace(",", "") for row in cells(table_of(page, "Why spending changed"))}
    assert (steps["Before"], steps["Now"]) == (money(before).replace(",", ""), money(now).replace(",", ""))
    parts = [Decimal(steps[name]) for name in ("Price", "Mix", "Volume", "New items", "Lost items", "Other")]
    assert abs(Decimal(steps["Before"]) + sum(parts) - Decimal(steps["Now"])) < Decimal("0.04")  # each is rounded
    october = one(demo, spent, "2025-10-01", "2025-10-31"), one(demo, spent, "2024-10-01", "2024-10-31")
    assert chart_table(page, "Spending by month")[-1] == ["Oct", *(money(amount) for amount in october)]


@pytest.mark.parametrize("by", ["branch", "vendor", "item", "category"])
def test_spending_by_a_group_is_that_of_the_lines(page: Observed, demo: Demo, by: str) -> None:
    open_at(page, demo, f"/spending?by={by}")
    name = "coalesce(category, 'No category')" if by == "category" else f"lines.{by}_name"
    expected = demo.rows(
        f"""
        select {name}, sum(amount) as total
        from fieldlab_procurement.invoice_lines as lines
        left join (select item_id, category from fieldlab_procurement.items) as items using (item_id)
        where date between '2024-11-01' and '2025-10-31'
        group by {"1" if by == "category" else f"lines.{by}_id, 1"}
        order by total desc
        limit 25
        """
    )
    shown = [(row[0], row[1]) for row in cells(table_of(page, f"Spending by {by}"))]
    assert shown[: len(expected)] == [(group, money(total)) for group, total in expected]


def test_a_figure_leads_to_its_rows_and_these_to_the_same_as_json(page: Observed, demo: Demo) -> None:
    open_at(page, demo, "/spending")
    page.page.get_by_role("row", name="Airport").get_by_role("link").last.click()
    number = one(
        demo,
        "select count(*) from fieldlab_procurement.spend_bridge where period = 'year' and branch_name = 'Airport'",
    )
    assert page.page.locator("h1").inner_text() == "Spend bridge"
    assert f"{number} rows in all" in page.page.locator(".pager").inner_text()
    first = page.page.locator("tbody tr").first.inner_text()
    page.page.get_by_role("link", name="Next").click()
    assert page.page.locator("tbody tr").first.inner_text() != first
    assert accessibility_faults(page.page) == []
    address = page.page.get_by_role("link", name="The same as JSON").get_attribute("href")
    answer = page.page.request.get(f"{demo.base}{address}")
    assert {row["branch_name"] for row in answer.json()["data"]} == {"Airport"}
    assert page.page.goto(f"{demo.base}/rows/spend_brige").status == 404  # type: ignore[union-attr]
    assert "Did you mean spend_bridge" in page.page.locator("main").inner_text()


def test_prices_of_an_item_are_means_of_its_purchases(page: Observed, demo: Demo) -> None:
    open_at(page, demo, "/prices/9")
    lowest, highest = demo.rows(
        "select min_price, max_price from fieldlab_procurement.item_price_benchmarks where item_id = 9"
    )[0]
    figures = page.page.locator(".stat .value").all_inner_texts()
    assert figures[1:3] == [money(lowest), money(highest)]
    mean = one(
        demo,
        "select avg(unit_price) from fieldlab_procurement.invoice_lines"
        " where item_id = 9 and vendor_name = 'Harbor Meats' and date >= '2025-10-01' and quantity > 0",
    )
    figure = page.page.locator("figure.chart", has_text="by vendor")
    place = figure.locator("thead th").all_text_contents().index("Harbor Meats")
    assert cells(figure.locator("table"))[-1][place] == money(mean)
    paid = cells(table_of(page, "Prices by vendor and branch"))
    assert len(paid) == one(demo, "select count(*) from fieldlab_procurement.price_variance where item_id = 9")
    assert paid[-1][2] == money(highest)


def test_what_a_vendor_a_branch_and_an_item_are_about_is_in_the_marts(page: Observed, demo: Demo) -> None:
    standing = "select total_amount from fieldlab_procurement"
    about = {
        "/vendors/10": one(demo, f"{standing}.vendor_standing where scope = 'network' and vendor_id = 10"),
        "/items/58": one(demo, f"{standing}.item_standing where item_id = 58"),
        "/branches/3": one(
            demo,
            "select sum(amount_now) from fieldlab_procurement.spend_bridge where period = 'year' and branch_id = 3",
        ),
    }
    for path, total in about.items():
        open_at(page, demo, path)
        assert page.page.locator(".stat .value").first.inner_text() == money(total), path
    found = demo.rows(
        "select title from fieldlab_ops.recommendations"
        " where rule_id = 'vendor_price_increase' and vendor_id = 10 and status = 'PENDING'"
    )
    open_at(page, demo, "/vendors/10")
    assert page.page.get_by_role("link", name=found[0][0]).count() == 1


def test_a_list_finds_names_and_leads_to_each(page: Observed, demo: Demo) -> None:
    open_at(page, demo, "/items")
    page.page.get_by_label("Name").fill("SALMON")
    page.page.get_by_role("button", name="Find").click()
    names = page.page.locator("tbody th a").all_inner_texts()
    assert names == [
        name
        for (name,) in demo.rows(
            "select item_name from fieldlab_procurement.items left join fieldlab_procurement.item_standing"
            " using (item_id, item_name) where item_name ilike '%%salmon%%' order by total_amount desc nulls last"
        )
    ]
    page.page.locator("tbody th a").first.click()
    assert page.page.locator("h1").inner_text() == names[0]
    open_at(page, demo, "/vendors?q=nobody")
    assert "No name holds “nobody”." in page.page.locator("main").inner_text()


def test_alignment_shows_the_collections_and_dealers_of_a_vendor(page: Observed, demo: Demo) -> None:
    open_at(page, demo, f"/alignment?vendor={VENDOR}")
    trends = demo.rows(
        "select cast(trend_rank as text), cast(round(100 * normalized_trend) as text)"
        " from fieldlab_alignment.collection_trends as trends"
        ' where vendor_id = %s order by trends.trend_rank, collection_name collate "C"',
        VENDOR,
    )
    assert [(row[0], row[3]) for row in cells(table_of(page, "Collections by trend"))] == trends
    places, leaders, dealers = demo.rows(
        "select count(distinct (score, alignment_score)) filter (where not is_trendsetter),"
        " count(*) filter (where is_trendsetter), count(*)"
        " from fieldlab_alignment.dealer_influence inner join fieldlab_alignment.dealer_alignment"
        " using (vendor_id, dealer_id) where vendor_id = %s",
        VENDOR,
    )[0]
    plot = page.page.locator("svg.plot")
    assert str(plot.locator("path.dots").get_attribute("d")).count("M") == places
    assert plot.locator("circle.marked").count() == leaders
    assert f"of {dealers}" in page.page.locator(".pager").inner_text()


def test_a_report_holds_what_was_published_and_is_one_page_of_paper(page: Observed, demo: Demo) -> None:
    open_at(page, demo, REPORT)
    advice = demo.rows(
        "select type, reason, metrics from fieldlab_ops.alignment_recommendations"
        " where dealer_id = %s and vendor_id = %s",
        DEALER,
        VENDOR,
    )
    assert {kind for kind, _, _ in advice} == {"KEEP", "DROP", "ADD", "SHIFT"}
    for kind, reason, metrics in advice:
        section = page.page.locator(f"section.{kind.lower()}").inner_text()
        assert reason in section
        assert metrics in section
    score = one(
        demo,
        "select alignment_score from fieldlab_alignment.dealer_alignment where dealer_id = %s and vendor_id = %s",
        DEALER,
        VENDOR,
    )
    assert page.page.locator(".stat .value").first.inner_text() == f"{score} of 100"
    assert pages_of(page.page.pdf(prefer_css_page_size=True)) == 1


def test_a_report_of_the_longest_names_is_one_page_and_no_name_is_markup(page: Observed, demo: Demo) -> None:
    demo.rows("update fieldlab_alignment.dealers set dealer_name = %s where dealer_id = %s returning 1", EVIL, DEALER)
    demo.rows("update fieldlab_alignment.similar_dealers set similar_dealer_name = %s returning 1", EVIL)
    demo.rows("update fieldlab_alignment.dealer_influence set dealer_name = %s returning 1", EVIL)
    demo.rows(
        "update fieldlab_ops.alignment_reports set report_data = replace(report_data::text, 'Wrenfield', %s)::jsonb"
        " where dealer_id = %s returning 1",
        EVIL.replace('"', ""),
        DEALER,
    )
    open_at(page, demo, REPORT, width=390)
    assert page.page.locator("h1").inner_text() == EVIL
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert pages_of(page.page.pdf(prefer_css_page_size=True)) == 1
    open_at(page, demo, f"/alignment?vendor={VENDOR}", width=390)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.faults == []


def test_an_id_may_be_any_text(page: Observed, demo: Demo) -> None:
    strange = "north/east?a=1#ü%2F"
    for mart in ("dealers", "dealer_influence", "dealer_alignment", "dealer_collection_positions"):
        demo.rows(
            f"update fieldlab_alignment.{mart} set dealer_id = %s where dealer_id = %s returning 1",
            strange,
            "grady-home-furnishings",
        )
    open_at(page, demo, f"/alignment?vendor={VENDOR}")
    page.page.locator(f'a[href*="{quote(strange, safe="")}"]').first.click()
    assert page.page.locator("h1").inner_text() == "Grady Home Furnishings"
    assert page.faults == []


def test_what_is_not_there_gets_a_page_in_words(page: Observed, demo: Demo) -> None:
    for path in ("/items/nothing", "/vendors/999", "/branches/a%2Fb", "/prices/-1", "/alignment/nobody"):
        answer = page.page.goto(f"{demo.base}{path}")
        assert answer is not None
        assert answer.status == 404, path
        assert "There is no" in page.page.locator("main").inner_text()
    page.page.goto(f"{demo.base}/alignment?vendor=marlow")
    assert "Did you mean marlowe-and-finch" in page.page.locator("main").inner_text()


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))
