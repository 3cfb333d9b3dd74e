"""Charts: what they draw, tell and leave to the table behind them."""

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.serve.charts import (
    BOTTOM,
    TOP,
    Column,
    Dot,
    Level,
    Mark,
    Series,
    Step,
    column_chart,
    line_chart,
    round_axis,
    scatter_chart,
    share_chart,
    waterfall,
)

MONTHS = [date(2025, month, 1) for month in range(1, 7)]


def written(value: Decimal) -> str:
    return f"{value:.2f}"


def rising(name: str, first: int) -> Series:
    return Series(name, [(month, Decimal(first + place)) for place, month in enumerate(MONTHS)])


def test_a_line_chart_tells_its_ends_and_has_every_number_in_its_table() -> None:
    chart = line_chart("Price", "mean unit price", [rising("North", 1), rising("South", 10)], written)
    assert chart is not None
    assert "North: from 1.00 in Jan 2025 to 6.00 in Jun 2025." in chart.summary
    assert f'aria-label="{chart.summary}"' in chart.picture
    assert chart.headings == ["", "North", "South"]
    assert chart.rows[-1] == ["Jun 2025", "6.00", "15.00"]


def test_names_and_numbers_are_escaped_and_nothing_is_styled_inline() -> None:
    chart = line_chart('<b>"Price"</b>', "a & b", [rising("<script>", 1), rising("'x'", 2)], written)
    assert chart is not None
    assert "<script>" not in chart.picture
    assert "<b>" not in chart.picture
    assert "style=" not in chart.picture


def test_a_gap_is_a_gap_and_not_a_line_across_it() -> None:
    points = [(month, None if place == 2 else Decimal(place)) for place, month in enumerate(MONTHS)]
    chart = line_chart("Price", "price", [Series("North", points)], written)
    assert chart is not None
    (path,) = re.findall(r'class="line s1" d="([^"]*)"', chart.picture)
    assert path.count("M") == 2
    assert len(chart.rows) == len(MONTHS) - 1


def test_lines_that_would_hide_each_other_are_one_with_all_names() -> None:
    chart = line_chart("Price", "price", [rising("North", 1), rising("South", 2), rising("West", 1)], written)
    assert chart is not None
    assert chart.headings == ["", "North and West", "South"]


@pytest.mark.parametrize("series", [[], [Series("North", [])], [Series("North", [(MONTHS[0], None)])]])
def test_without_a_value_there_is_no_chart(series: list[Series]) -> None:
    assert line_chart("Price", "price", series, written) is None


def test_columns_begin_at_zero_and_are_compared_with_their_marks() -> None:
    columns = [Column("Jan", Decimal(90), Decimal(100)), Column("Feb", Decimal(120), Decimal(80), is_marked=True)]
    level = Level("mean", Decimal(105))
    chart = column_chart("Spending", "amount", columns, written, named="this year", before="last year", level=level)
    assert chart is not None
    assert chart.picture.count('class="column"') == 2  # a column and the legend's
    assert chart.picture.count('class="column marked"') == 1
    assert chart.picture.count('class="zero"') == 1
    assert chart.summary.endswith("Feb: 120.00, last year 80.00. mean: 105.00.")
    assert chart.rows == [["Jan", "90.00", "100.00"], ["Feb", "120.00", "80.00"]]


def test_dots_at_one_place_are_drawn_once_and_the_marked_ones_are_named() -> None:
    dots = [Dot("one", 10, 20), Dot("two", 10, 20), Dot("<lead>", 90, 80, is_marked=True)]
    chart = scatter_chart("Dealers", "Influence", "Alignment", dots, marked="Trendsetters", others="Others")
    assert chart is not None
    (path,) = re.findall(r'class="dots" d="([^"]*)"', chart.picture)
    assert path.count("M") == 1
    assert "&lt;lead&gt;: influence 90, alignment 80" in chart.picture
    assert chart.rows == [["<lead>", "90", "80"]]


def test_a_pareto_says_how_many_of_the_largest_reach_each_share() -> None:
    amounts = [Decimal(80), Decimal(15), Decimal(5)]
    chart = share_chart("Vendors", "share", amounts, [Mark("80%", Decimal("0.8"), 1), Mark("95%", Decimal("0.95"), 2)])
    assert chart is not None
    assert chart.rows == [["80%", "1", "33.3%"], ["95%", "2", "66.7%"]]
    assert share_chart("Vendors", "share", [], []) is None


def test_a_waterfall_leads_from_one_total_to_the_other() -> None:
    steps = [Step("Before", Decimal(100), True), Step("Price", Decimal(20)), Step("Volume", Decimal(-40))]
    drawn = waterfall([*steps, Step("Now", Decimal(80), True)])
    ends = [tuple(float(x) for x in re.findall(r'(?:x|width)="([\d.]+)%"', one.bar)) for one in drawn]
    edges = [(round(x, 1), round(x + width, 1)) for x, width in ends]
    assert edges[0][1] == edges[1][0]  # the first part begins where the total ends
    assert edges[1][1] == edges[2][1]  # the next one ends, to the right, where the first part ended
    assert edges[2][0] == edges[3][1]  # and leads to the new total
    assert ['class="more"' in one.bar for one in drawn] == [False, True, False, False]


@given(
    st.decimals(-(10**12), 10**12, allow_nan=False, places=4), st.decimals(-(10**12), 10**12, allow_nan=False, places=4)
)
def test_an_axis_holds_both_ends_within_the_plot(first: Decimal, second: Decimal) -> None:
    axis = round_axis(min(first, second), max(first, second))
    assert 2 <= len(axis.values) <= 7
    for value in (first, second):
        assert TOP - 1 <= axis.y(value) <= BOTTOM + 1
