"""The procurement rules as pure functions: thresholds met exactly, ties, limits and what they say."""

import csv
import hashlib
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.procurement.findings import Facts, Finding, ProcurementRule, Row, Subject
from runner.procurement.rules.invoices import duplicate_invoice, no_purchase_order, pack_size_error
from runner.procurement.rules.orders import over_ordering, reorder_due, small_orders, unusual_spend
from runner.procurement.rules.prices import cheaper_vendor, many_vendors, price_rise, same_vendor_price_gap
from runner.procurement.rules.supply import seasonal_peak, single_source
from runner.procurement.rules.vendors import off_usual_vendor, vendor_price_increase, vendor_twin
from runner.rules.parameters import check_parameters
from runner.rules.registry import PROCUREMENT_RULES, RULES
from runner.words import Words, measured

PROJECT = Path(__file__).parents[2]
AS_OF = date(2022, 10, 31)
with (PROJECT / "seeds" / "recommendation_rules.csv").open(encoding="utf-8", newline="") as seed:
    SEED = [
        (row["rule_id"], row["parameter"], Decimal(row["value"]) if row["value"] else None)
        for row in csv.DictReader(seed)
    ]
VALUES = check_parameters(SEED, RULES)
PRICE_WINDOW_DAYS = 30


def facts(rule: ProcurementRule, *, as_of: date = AS_OF, currency: str = "") -> Facts:
    return Facts(as_of, rule, VALUES, PRICE_WINDOW_DAYS, Words(currency))


def decide(rule: ProcurementRule, *rows: Row, **options: Any) -> list[Finding]:
    return rule(rows, facts(rule, **options))


def offer(**changes: Any) -> dict[str, Any]:
    """Downtown pays Harbor Meats 10.00; Valley Foods asks exactly 5 % less."""
    row = {
        "item_id": 1, "item_name": "Chicken Breast", "unit": "kg", "branch_id": 2, "branch_name": "Downtown",
        "main_vendor_id": 3, "main_vendor_name": "Harbor Meats", "main_line_count": 12,
        "main_amount": Decimal(1000), "main_quantity": Decimal(100), "main_newest_date": AS_OF,
        "main_newest_amount": Decimal(20), "main_newest_quantity": Decimal(2),
        "other_vendor_id": 4, "other_vendor_name": "Valley Foods", "other_line_count": 3,
        "other_amount": Decimal(95), "other_quantity": Decimal(10), "other_newest_date": AS_OF,
        "other_newest_amount": Decimal("9.5"), "other_newest_quantity": Decimal(1),
    }  # fmt: skip
    return {**row, **changes}


def test_a_vendor_exactly_at_the_ratio_is_cheaper() -> None:
    (finding,) = decide(cheaper_vendor, offer())
    # (10.00 - 9.50) × 100 × 365 / 90 = 202.777…
    assert finding.savings == Decimal("202.78")
    assert (finding.savings_basis, finding.priority, finding.confidence) == ("year", 4, Decimal("0.3"))
    assert finding.expires_on == AS_OF + timedelta(days=30)
    assert finding.subject == Subject(item_id=1, branch_id=2)
    assert (finding.context["main_vendor_id"], finding.context["best_vendor_id"]) == (3, 4)


@pytest.mark.parametrize(
    "change",
    [
        {"other_amount": Decimal("95.0000000001")},
        {"other_newest_amount": Decimal("9.5000000001")},
        {"other_line_count": 2},
    ],
)
def test_a_vendor_just_beyond_a_threshold_is_not_cheaper(change: dict[str, Any]) -> None:
    assert decide(cheaper_vendor, offer(**change)) == []


def test_a_price_that_does_not_end_is_compared_exactly() -> None:
    """100/3 against 95/3 is a ratio of exactly 0.95, which no finite decimal shows."""
    third = Decimal(3)
    row = offer(main_amount=Decimal(100), main_quantity=third, other_amount=Decimal(95), other_quantity=third)
    assert len(decide(cheaper_vendor, row)) == 1


def test_among_equal_vendors_the_lowest_id_is_named() -> None:
    rows = [offer(other_vendor_id=9), offer(other_vendor_id=8, other_amount=Decimal(190), other_quantity=Decimal(20))]
    (finding,) = decide(cheaper_vendor, *rows)
    assert finding.context["best_vendor_id"] == 8


def test_the_cheapest_vendor_decides_even_when_only_a_dearer_one_is_cheap_at_its_newest_price() -> None:
    cheapest = offer(other_vendor_id=8, other_amount=Decimal(90), other_newest_amount=Decimal(10))
    assert decide(cheaper_vendor, cheapest, offer(other_vendor_id=9)) == []


def test_a_vendor_switch_reads_as_a_buyer_would_say_it() -> None:
    (finding,) = decide(
        cheaper_vendor, offer(other_line_count=14, main_quantity=Decimal(2000), main_amount=Decimal(20000))
    )
    assert finding.title == "Switch Chicken Breast at Downtown to Valley Foods"
    assert finding.description == (
        "Saves about 4,100 a year: Downtown paid Harbor Meats 10.00 on average in the last 90 days; Valley Foods "
        "charged the network 9.50 over 14 purchases."
    )
    assert finding.rule.category == "Vendor switch"


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        ("12.50", "kg", "12.5 kg"),
        ("1", "case", "1 case"),
        ("1320", "case", "1,320 cases"),
        ("2", "box", "2 boxes"),
        ("3", None, "3 units"),
        ("0.00412", "kg", "0.0041 kg"),
    ],
)
def test_a_quantity_has_its_unit_in_the_right_number(number: str, unit: str | None, text: str) -> None:
    assert measured(Decimal(number), unit) == text


@pytest.mark.parametrize(
    ("value", "price", "about"),
    [
        ("11.396", "11.40", "about 11"),
        ("0.0432", "0.043", "less than 1"),
        ("0.00005", "0.00005", "less than 1"),
        ("4250", "4,250.00", "about 4,300"),
    ],
)
def test_prices_are_as_fine_and_estimates_as_coarse_as_they_should_be(value: str, price: str, about: str) -> None:
    assert Words().price(Decimal(value)) == price
    assert Words().roughly(Decimal(value)) == about


def test_amounts_are_shown_in_the_currency_that_is_set() -> None:
    (finding,) = decide(cheaper_vendor, offer(), currency="EUR")
    assert "about EUR 200 a year" in finding.description
    assert "EUR 9.50" in finding.description
    assert Words("EUR").amount(Decimal("-1204.5")) == "EUR -1,204.50"


def test_a_finding_has_the_priority_of_what_is_expected_of_it() -> None:
    """A single purchase says little: 28,388.89 a year at 10 % is 2,838.89."""
    row = offer(main_amount=Decimal(70000), main_line_count=1, main_newest_amount=Decimal(1400),
                other_amount=Decimal(6300), other_newest_amount=Decimal(630))  # fmt: skip
    (finding,) = decide(cheaper_vendor, row)
    assert (finding.savings, finding.expected_savings) == (Decimal("28388.89"), Decimal("2838.89"))
    assert finding.priority == 2


def test_branches_with_the_same_better_vendor_are_one_decision() -> None:
    found = decide(cheaper_vendor, offer(), offer(branch_id=5), offer(branch_id=6, other_vendor_id=8))
    first, second, other = (finding.decision_key for finding in found)
    assert first == second == hashlib.sha256(b"cheaper_vendor|1|4||").hexdigest()
    assert other == hashlib.sha256(b"cheaper_vendor|1|8||").hexdigest()
    assert cheaper_vendor.decision is not None
    assert cheaper_vendor.decision.title(found[0].context, 2) == "Switch Chicken Breast to Valley Foods at 2 branches"


def opportunity(**changes: Any) -> dict[str, Any]:
    row = {
        "item_id": 1, "item_name": "Olive Oil", "branch_count": 2, "vendor_count": 3, "total_amount": Decimal(600),
        "best_vendor_id": 4, "best_vendor_name": "Valley Foods", "window_days": 30,
        "best_line_count": 5, "best_amount": Decimal(100), "best_quantity": Decimal(10),
        "dearer_amount": Decimal("341.10"), "dearer_quantity": Decimal(30),
        "other_line_count": 20, "other_amount": Decimal(500), "other_quantity": Decimal(40),
        "other_vendor_ids": [5, 6], "other_vendor_names": ["Harbor Meats", "Nordic Trade"],
    }  # fmt: skip
    return {**row, **changes}


def test_an_opportunity_is_worth_its_savings_over_a_year() -> None:
    (finding,) = decide(many_vendors, opportunity())
    # 41.10 × 365 / 30 = 500.05; half of it is expected, which is below 500
    assert (finding.savings, finding.priority, finding.confidence) == (Decimal("500.05"), 4, Decimal("0.5"))
    assert "Harbor Meats and Nordic Trade" in finding.reasoning


@pytest.mark.parametrize(
    ("change", "texts"),
    [
        (
            {},
            ["charged 10.00 on average, the dearer ones 11.37", "lowest average price, over", "the dearer ones would"],
        ),
        # One of the other vendors sold ten for 50, but not often enough to count.
        ({"other_amount": Decimal("391.10")}, ["price of those with enough purchases to tell, over 5"]),
        (
            {"vendor_count": 2, "other_amount": Decimal("341.10"), "other_quantity": Decimal(30)},
            ["on average, the other 11.37", "price they would have cost 41.10 less"],
        ),
    ],
)
def test_the_other_vendors_are_not_said_to_be_dearer_than_they_are(change: dict[str, Any], texts: list[str]) -> None:
    (finding,) = decide(many_vendors, opportunity(**change))
    for text in texts:
        assert text in f"{finding.description} {finding.reasoning}"


def test_an_opportunity_without_savings_is_none() -> None:
    assert decide(many_vendors, opportunity(dearer_amount=Decimal(300))) == []


def test_an_opportunity_is_worth_at_least_a_hundred_a_year() -> None:
    # (dearer - 300) × 365 / 73 is exactly 100 at 320.
    assert len(decide(many_vendors, opportunity(dearer_amount=Decimal(320), window_days=73))) == 1
    assert decide(many_vendors, opportunity(dearer_amount=Decimal("319.9999"), window_days=73)) == []


def snapshot(branch: int, price_sum: str, lines: int = 1, **changes: Any) -> dict[str, Any]:
    row = {
        "item_id": 1, "item_name": "Flour", "unit": "kg", "vendor_id": 3, "vendor_name": "Mill & Sons",
        "branch_id": branch, "branch_name": f"Branch {branch}", "price_sum": Decimal(price_sum), "line_count": lines,
        "quantity": Decimal(30),
    }  # fmt: skip
    return {**row, **changes}


def test_a_branch_exactly_a_tenth_above_the_lowest_pays_too_much() -> None:
    # The lowest price is 10/3, which does not end; 11/3 is exactly 1.1 times it.
    found = decide(same_vendor_price_gap, snapshot(1, "10", 3), snapshot(2, "11", 3), snapshot(3, "10.9999", 3))
    assert [finding.subject.branch_id for finding in found] == [2]
    assert found[0].savings == Decimal("121.67")  # (11/3 - 10/3) × 30 × 365 / 30
    assert found[0].context["lowest_branch_id"] == 1


def test_the_lowest_id_among_the_lowest_branches_is_named_and_its_lines_count() -> None:
    found = decide(same_vendor_price_gap, snapshot(1, "4", 2), snapshot(2, "2", 1), snapshot(3, "30", 3))
    assert found[0].context["lowest_branch_id"] == 1
    assert found[0].confidence == Decimal("0.2")


def test_vendors_are_compared_one_by_one() -> None:
    rows = [snapshot(1, "10"), snapshot(2, "20", vendor_id=4)]
    assert decide(same_vendor_price_gap, *rows) == []


def rise(**changes: Any) -> dict[str, Any]:
    row = {
        "item_id": 1, "item_name": "Butter", "unit": "kg", "vendor_id": 3, "vendor_name": "Dairy Co",
        "line_count": 3, "amount": Decimal(324), "quantity": Decimal(30),
        "earlier_line_count": 4, "earlier_amount": Decimal(100), "earlier_quantity": Decimal(10),
    }  # fmt: skip
    return {**row, **changes}


def test_a_price_exactly_at_the_ratio_has_risen() -> None:
    (finding,) = decide(price_rise, rise())
    assert finding.savings == Decimal("292.00")  # (10.80 - 10.00) × 30 × 365 / 30
    assert finding.context["earlier_last_date"] == date(2022, 8, 1)
    assert finding.title == "Negotiate Butter with Dairy Co: up 8%"


@pytest.mark.parametrize("change", [{"amount": Decimal("323.9999999")}, {"line_count": 2}, {"earlier_line_count": 2}])
def test_a_price_just_below_a_threshold_has_not_risen(change: dict[str, Any]) -> None:
    assert decide(price_rise, rise(**change)) == []


def habit(**changes: Any) -> dict[str, Any]:
    """Nine orders on nine days, three days apart."""
    row = {
        "branch_id": 2, "branch_name": "Downtown", "vendor_id": 3, "vendor_name": "Bakery", "order_count": 9,
        "order_amount_sum": Decimal("899.99"), "order_date_count": 9,
        "first_order_date": date(2022, 10, 1), "last_order_date": date(2022, 10, 25),
    }  # fmt: skip
    return {**row, **changes}


def test_small_orders_every_three_days_could_be_weekly_ones() -> None:
    (finding,) = decide(small_orders, habit())
    # (365/3 - 365/7) × 25 = 1738.095…
    assert (finding.savings, finding.expected_savings) == (Decimal("1738.10"), Decimal("782.15"))
    assert (finding.priority, finding.confidence) == (3, Decimal("0.45"))
    # What is shown multiplies out: (122 - 52) × 25 = 1,750.
    assert "122 deliveries a year; once a week makes 52" in finding.reasoning
    assert finding.reasoning.endswith("costs about 25.00, so 70 fewer save about 1,800.")
    assert finding.title == "Order once a week from Bakery at Downtown"


@pytest.mark.parametrize(
    "change",
    [
        {"order_amount_sum": Decimal(900)},
        {"order_count": 7, "order_amount_sum": Decimal(70)},
        {"last_order_date": date(2022, 10, 26)},
    ],
)
def test_fewer_larger_or_rarer_orders_are_fine(change: dict[str, Any]) -> None:
    assert decide(small_orders, habit(**change)) == []


def anomaly(**changes: Any) -> dict[str, Any]:
    row = {
        "item_id": 1, "item_name": "Rice", "unit": "kg", "branch_id": 2, "branch_name": "Downtown", "invoice_id": 77,
        "order_date": date(2022, 10, 3), "quantity": Decimal(240), "amount": Decimal(480),
        "other_quantity_sum": Decimal(480), "other_amount_sum": Decimal(960), "other_order_count": 8,
        "quantity_material_deviation": Decimal("4.5"), "amount_material_deviation": Decimal("4.5"),
        "is_material_quantity_outlier": True, "is_material_amount_outlier": True, "is_increasing": False,
    }  # fmt: skip
    return {**row, **changes}


def test_an_order_far_above_the_others_is_checked_once() -> None:
    (finding,) = decide(over_ordering, anomaly())
    assert (finding.savings, finding.savings_basis) == (Decimal("360.00"), "once")
    assert finding.confidence == Decimal("0.75")
    assert finding.subject == Subject(item_id=1, branch_id=2, invoice_id=77)
    assert finding.expires_on == date(2022, 11, 14)


def test_confidence_is_halved_when_the_branch_buys_more_and_more() -> None:
    (finding,) = decide(over_ordering, anomaly(is_increasing=True, quantity_material_deviation=Decimal(12)))
    assert finding.confidence == Decimal("0.5")
    # Only this is known: the order itself may be the reason.
    assert "The latest orders are larger on average than the earlier ones" in finding.reasoning


def test_an_order_far_below_the_others_is_no_waste() -> None:
    assert decide(over_ordering, anomaly(quantity=Decimal(6), amount=Decimal(12))) == []
    assert decide(unusual_spend, anomaly(quantity=Decimal(6), amount=Decimal(12))) == []


def test_spending_is_unusual_only_where_the_quantity_is_not_reported() -> None:
    over = decide(over_ordering, anomaly())
    known = Facts(AS_OF, unusual_spend, VALUES, PRICE_WINDOW_DAYS, found={"over_ordering": over})
    assert unusual_spend([anomaly()], known) == []
    assert len(unusual_spend([anomaly(invoice_id=78)], known)) == 1
    (finding,) = decide(unusual_spend, anomaly(is_material_quantity_outlier=False))
    assert (finding.savings, finding.savings_basis, finding.priority) == (None, None, 2)


def test_an_order_must_have_a_hundred_at_stake() -> None:
    # The others average 60 units for 120: 50 units more at 2.00, or 100 more in all.
    assert len(decide(over_ordering, anomaly(quantity=Decimal(110), amount=Decimal(220)))) == 1
    assert decide(over_ordering, anomaly(quantity=Decimal(110), amount=Decimal("219.99"))) == []
    assert len(decide(unusual_spend, anomaly(amount=Decimal(220)))) == 1
    assert decide(unusual_spend, anomaly(amount=Decimal("219.99"))) == []


def source(item: int, amount: str, **changes: Any) -> dict[str, Any]:
    row = {
        "item_id": item, "item_name": f"Item {item}", "amount": Decimal(amount), "line_count": 9, "branch_count": 2,
        "vendor_count": 1, "vendor_id": 3, "vendor_name": "Harbor Meats",
    }  # fmt: skip
    return {**row, **changes}


def test_items_count_while_those_before_are_below_the_share() -> None:
    # Before the third stand exactly 80 % of the total, so it is out.
    rows = [source(1, "5000"), source(2, "3000"), source(3, "2000", vendor_count=2)]
    assert [finding.subject.item_id for finding in decide(single_source, *rows)] == [1, 2]
    rows = [source(1, "5000"), source(2, "2999"), source(3, "2000"), source(4, "1", vendor_count=2)]
    assert [finding.subject.item_id for finding in decide(single_source, *rows)] == [1, 2, 3]


def test_sums_of_many_digits_are_compared_exactly() -> None:
    # Before the third stands just less than 80 % of the total, which 28 digits do not show.
    rows = [source(1, "5000"), source(2, "3000"), source(3, "2000"), source(4, "1e-40", vendor_count=2)]
    assert len(decide(single_source, *rows)) == 3


def test_without_any_item_of_two_vendors_the_data_cannot_tell() -> None:
    assert decide(single_source, source(1, "5000"), source(2, "3000")) == []


@pytest.mark.parametrize(
    "change",
    [{"branch_count": 1}, {"vendor_count": 2}, {"vendor_id": None}, {"amount": Decimal("999.99")}],
)
def test_small_items_single_branches_and_unassigned_vendors_are_left_out(change: dict[str, Any]) -> None:
    rows = [{**source(1, "1000"), **change}, source(2, "1", vendor_count=2)]
    assert decide(single_source, *rows) == []


def season(**changes: Any) -> dict[str, Any]:
    """36 months of 100 on average; the coming month came three times and brought 125 on average."""
    row = {
        "item_id": 1, "item_name": "Pumpkin", "seasonality_strength": Decimal("0.71"),
        "seasonality_quantity": Decimal(3600), "seasonality_month_count": 36,
        "next_month_quantity": Decimal(375), "next_month_count": 3,
    }  # fmt: skip
    return {**row, **changes}


def test_the_month_after_the_as_of_month_is_a_peak_at_exactly_the_index() -> None:
    (finding,) = decide(seasonal_peak, season())
    assert finding.title == "Prepare for more Pumpkin in November"
    assert (finding.expires_on, finding.priority, finding.confidence) == (date(2022, 11, 30), 5, Decimal("0.71"))


def test_after_december_comes_january_of_the_next_year() -> None:
    (finding,) = decide(seasonal_peak, season(), as_of=date(2022, 12, 5))
    assert finding.expires_on == date(2023, 1, 31)


def test_an_ordinary_month_is_no_peak() -> None:
    assert decide(seasonal_peak, season(next_month_quantity=Decimal("374.999999"))) == []


def rhythm(**changes: Any) -> dict[str, Any]:
    """Six orders, ten days apart, the last on 21 October; the next is due on 31 October."""
    row = {
        "item_id": 1, "item_name": "Coffee", "unit": "kg", "branch_id": 2, "branch_name": "Downtown", "order_count": 6,
        "avg_order_quantity": Decimal(12), "first_order_date": date(2022, 9, 1), "last_order_date": date(2022, 10, 21),
        "order_date_count": 6, "gap_count": 5, "gap_sum": 50, "gap_square_sum": 500,
        "next_predicted_order_date": date(2022, 10, 31), "confidence_score": Decimal(1),
        "last_vendor_id": 3, "last_vendor_name": "Roastery", "is_ordered": False,
    }  # fmt: skip
    return {**row, **changes}


@pytest.mark.parametrize(
    ("due", "priority", "expires"),
    [
        (date(2022, 10, 21), 2, date(2022, 11, 7)),
        (date(2022, 11, 2), 2, date(2022, 11, 9)),
        (date(2022, 11, 3), 3, date(2022, 11, 10)),
        (date(2022, 11, 5), 3, date(2022, 11, 12)),
    ],
)
def test_an_order_is_due_from_one_cycle_ago_to_half_a_cycle_ahead(due: date, priority: int, expires: date) -> None:
    (finding,) = decide(reorder_due, rhythm(next_predicted_order_date=due))
    assert (finding.priority, finding.expires_on) == (priority, expires)


@pytest.mark.parametrize(
    "change",
    [
        {"next_predicted_order_date": date(2022, 10, 20)},
        {"next_predicted_order_date": date(2022, 11, 6)},
        {"order_count": 4},
        {"is_ordered": True},
        {"first_order_date": date(2022, 9, 27)},
    ],
)
def test_what_is_long_past_far_ahead_rare_or_ordered_is_not_due(change: dict[str, Any]) -> None:
    assert decide(reorder_due, rhythm(**change)) == []


def test_a_rhythm_of_exactly_the_least_confidence_is_regular_enough() -> None:
    # Gaps 6 and 14: mean 10, population stddev 4, confidence exactly 0.6.
    regular = {"gap_count": 2, "gap_sum": 20, "gap_square_sum": 6**2 + 14**2}
    assert len(decide(reorder_due, rhythm(**regular))) == 1
    assert decide(reorder_due, rhythm(**regular | {"gap_square_sum": 6**2 + 14**2 + 1})) == []


def test_an_overdue_order_is_told_as_such() -> None:
    (finding,) = decide(reorder_due, rhythm(next_predicted_order_date=date(2022, 10, 25)))
    assert finding.description == (
        "The next order was due on 25 October 2022. The branch orders it about every "
        "10 days, 12 kg on average, last on 21 October 2022 from Roastery."
    )


def test_only_purchase_orders_to_the_usual_vendor_are_said_to_be_missing() -> None:
    (finding,) = decide(reorder_due, rhythm())
    assert finding.reasoning.endswith(
        "about every 10 days, and no purchase order to Roastery for Downtown is on record since then."
    )
    (finding,) = decide(reorder_due, rhythm(last_vendor_id=None, last_vendor_name="Unassigned"))
    assert finding.reasoning.endswith("about every 10 days.")
    assert "Unassigned" not in finding.description


@pytest.mark.parametrize(("unit", "text"), [("kg", "cost 2.00 per kg;"), (None, "cost 2.00 each;")])
def test_a_price_is_per_unit_where_there_is_one(unit: str | None, text: str) -> None:
    (finding,) = decide(over_ordering, anomaly(unit=unit))
    assert text in finding.reasoning


def test_orders_of_one_branch_to_one_vendor_are_one_decision() -> None:
    found = decide(reorder_due, rhythm(), rhythm(item_id=2), rhythm(last_vendor_id=None, last_vendor_name="Unassigned"))
    keys = [finding.decision_key for finding in found]
    assert keys[0] == keys[1] == hashlib.sha256(b"reorder_due||3|2|").hexdigest()
    assert keys[2] == hashlib.sha256(b"reorder_due|||2|").hexdigest()
    assert reorder_due.decision is not None
    titles = [reorder_due.decision.title(finding.context, 2) for finding in found[1:]]
    assert titles == ["Reorder 2 items from Roastery at Downtown", "Reorder 2 items at Downtown"]


@given(
    amount=st.decimals("0.01", "100000", places=2),
    quantity=st.decimals("0.5", "10000", places=1),
    share=st.fractions(0, 1, max_denominator=50),
)
def test_a_saving_is_never_negative_and_priority_follows_it(amount: Decimal, quantity: Decimal, share: Any) -> None:
    cheaper = Decimal(share.numerator) * amount
    row = offer(main_amount=amount, main_quantity=quantity, main_newest_amount=amount, main_newest_quantity=quantity,
                other_amount=cheaper, other_quantity=quantity * share.denominator,
                other_newest_amount=cheaper, other_newest_quantity=quantity * share.denominator)  # fmt: skip
    found = decide(cheaper_vendor, row)
    assert bool(found) == (share <= Decimal("0.95"))
    for finding in found:
        assert finding.savings is not None
        assert finding.savings >= 0
        assert finding.expected_savings is not None
        assert 0 <= finding.expected_savings <= finding.savings
        steps = [finding.expected_savings >= limit for limit in (10000, 2500, 500)]
        assert finding.priority == 4 - sum(steps)


def dearer(item: int, **changes: Any) -> dict[str, Any]:
    """Bought alike in both quarters, for exactly 3 % more: an effect of 120."""
    row = {
        "vendor_id": 3, "vendor_name": "Harbor Meats", "item_id": item, "item_name": f"Item {item}",
        "starts_on": date(2022, 8, 3), "ends_on": AS_OF,
        "before_starts_on": date(2021, 8, 3), "before_ends_on": date(2021, 10, 31),
        "quantity_before": Decimal(100), "quantity_now": Decimal(100),
        "purchase_amount_before": Decimal(4000), "purchase_amount_now": Decimal(4120), "price_effect": Decimal(120),
    }  # fmt: skip
    return {**row, **changes}


def test_a_vendor_whose_prices_rose_by_exactly_three_percent_is_negotiated_with() -> None:
    (finding,) = decide(vendor_price_increase, *(dearer(item) for item in range(1, 6)))
    # 600 × 365 / 90 = 2433.33…
    assert (finding.savings, finding.expected_savings) == (Decimal("2433.33"), Decimal("1216.67"))
    assert (finding.subject, finding.confidence) == (Subject(vendor_id=3), Decimal("0.5"))
    assert finding.title == "Negotiate all prices with Harbor Meats: up 3%"
    assert "5 of 5 items bought in the same quarter of both years became dearer" in finding.description


@pytest.mark.parametrize(
    "change",
    [
        {"purchase_amount_now": Decimal("4019.996"), "price_effect": Decimal("19.996")},
        {"price_effect": Decimal("19.99")},
        {"quantity_before": Decimal(0), "purchase_amount_before": Decimal(0)},
    ],
)
def test_too_few_dearer_items_or_too_little_money_is_no_increase(change: dict[str, Any]) -> None:
    rows = [*(dearer(item, purchase_amount_now=Decimal(4400)) for item in range(1, 5)), dearer(5, **change)]
    assert decide(vendor_price_increase, *rows) == []


def test_prices_just_below_three_percent_higher_are_no_increase() -> None:
    rows = [*(dearer(item) for item in range(1, 5)), dearer(5, purchase_amount_now=Decimal("4119.99"))]
    assert decide(vendor_price_increase, *rows) == []


def twice(**changes: Any) -> dict[str, Any]:
    row = {
        "invoice_id": 9, "other_invoice_id": 5, "basis": "number", "date": date(2022, 10, 30),
        "other_date": date(2022, 9, 30), "days_apart": 30, "invoice_number": "30314429.",
        "other_invoice_number": "30314429", "total_amount": Decimal(450), "other_total_amount": Decimal(450),
        "identical_line_count": 2, "identical_amount": Decimal(400), "identical_share": Decimal("0.9"),
        "vendor_id": 3, "vendor_name": "Harbor Meats", "branch_id": 2, "branch_name": "Downtown",
        "other_branch_id": 2, "other_branch_name": "Downtown",
    }  # fmt: skip
    return {**row, **changes}


def test_an_invoice_of_one_number_and_total_may_be_the_same() -> None:
    (finding,) = decide(duplicate_invoice, twice())
    assert (finding.savings, finding.savings_basis, finding.confidence) == (Decimal("450.00"), "once", Decimal(1))
    assert finding.subject == Subject(vendor_id=3, branch_id=2, invoice_id=9)
    assert "may be the same" in finding.description
    (later,) = decide(duplicate_invoice, twice(days_apart=31))
    assert later.confidence == Decimal("0.7")


def test_of_several_pairs_the_number_says_most_then_the_amount_the_days_and_the_id() -> None:
    lines = twice(basis="lines", other_invoice_id=1, identical_amount=Decimal(900), identical_line_count=4)
    others = [twice(other_invoice_id=7), twice(other_invoice_id=6), twice(days_apart=31)]
    (finding,) = decide(duplicate_invoice, lines, *others)
    assert finding.context["other_invoice_id"] == 6
    (finding,) = decide(duplicate_invoice, lines)
    assert (finding.savings, finding.confidence) == (Decimal("900.00"), Decimal("0.4"))


def test_a_duplicate_is_worth_a_hundred_and_may_have_no_vendor() -> None:
    assert decide(duplicate_invoice, twice(total_amount=Decimal("99.99"))) == []
    (finding,) = decide(duplicate_invoice, twice(vendor_id=None, vendor_name="Unassigned", total_amount=Decimal(100)))
    assert finding.fingerprint == hashlib.sha256(b"duplicate_invoice|||2|9").hexdigest()
    assert "Unassigned" not in finding.title


def packed(**changes: Any) -> dict[str, Any]:
    row = {
        "line_id": 70, "invoice_id": 9, "date": date(2022, 10, 30), "item_id": 1, "item_name": "Napkins",
        "unit": "pack", "vendor_id": 3, "vendor_name": "Paper Co", "branch_id": 2, "branch_name": "Downtown",
        "quantity": Decimal(1), "unit_price": Decimal(120), "usual_price": Decimal(10), "ratio": Decimal(12),
        "factor": 12, "direction": "above", "amount_at_stake": Decimal(110), "invoice_count": 10,
    }  # fmt: skip
    return {**row, **changes}


def test_a_price_of_another_pack_is_checked_for_what_was_paid_too_much() -> None:
    low = packed(line_id=71, direction="below", unit_price=Decimal("0.83"), amount_at_stake=Decimal("-9.17"))
    (finding,) = decide(pack_size_error, packed(), low)
    assert (finding.savings, finding.savings_basis, finding.confidence) == (Decimal("110.00"), "once", Decimal("0.5"))
    assert finding.subject == Subject(1, 3, 2, 9)
    (below,) = decide(pack_size_error, {**low, "quantity": Decimal(20), "amount_at_stake": Decimal(-100)})
    assert (below.savings, below.priority) == (None, 3)
    assert decide(pack_size_error, packed(amount_at_stake=Decimal("99.99"))) == []


def test_a_price_of_another_pack_is_not_told_twice() -> None:
    errors = decide(pack_size_error, packed(invoice_id=77))
    known = Facts(AS_OF, unusual_spend, VALUES, PRICE_WINDOW_DAYS, found={"pack_size_error": errors})
    assert unusual_spend([anomaly()], known) == []


def elsewhere(**changes: Any) -> dict[str, Any]:
    row = {
        "item_id": 1, "item_name": "Napkins", "unit": "pack", "branch_id": 2, "branch_name": "Downtown",
        "vendor_id": 8, "vendor_name": "Corner Shop", "usual_vendor_id": 3, "usual_vendor_name": "Paper Co",
        "invoice_count": 4, "line_count": 6, "quantity": Decimal(100), "total_amount": Decimal(1100),
        "usual_price": Decimal(10), "usual_line_count": 5, "extra_cost": Decimal(100), "window_days": 90,
    }  # fmt: skip
    return {**row, **changes}


def test_a_branch_buys_where_the_network_does_unless_a_cheaper_vendor_was_found() -> None:
    (finding,) = decide(off_usual_vendor, elsewhere())
    assert (finding.savings, finding.confidence) == (Decimal("405.56"), Decimal("0.5"))
    assert (finding.named_price, finding.target_price, finding.quantity) == (11, 10, 100)
    assert finding.subject == Subject(item_id=1, vendor_id=8, branch_id=2)
    assert decide(off_usual_vendor, elsewhere(extra_cost=Decimal("99.99"))) == []
    switches = decide(cheaper_vendor, offer())
    known = Facts(AS_OF, off_usual_vendor, VALUES, PRICE_WINDOW_DAYS, found={"cheaper_vendor": switches})
    assert off_usual_vendor([elsewhere()], known) == []
    assert len(off_usual_vendor([elsewhere(branch_id=5)], known)) == 1


def twin(**changes: Any) -> dict[str, Any]:
    row = {
        "vendor_id": 8, "vendor_name": "Paper Co Ltd", "other_vendor_id": 3, "other_vendor_name": "Paper Co",
        "basis": "name", "tax_id": None, "other_tax_id": "DE 123", "total_amount": Decimal(50),
        "other_total_amount": Decimal(900),
    }  # fmt: skip
    return {**row, **changes}


def test_a_vendor_is_there_twice_by_its_tax_id_before_its_name() -> None:
    (finding,) = decide(vendor_twin, twin())
    assert (finding.savings, finding.priority, finding.confidence) == (None, 4, Decimal("0.75"))
    (finding,) = decide(vendor_twin, twin(), twin(basis="tax_id", other_vendor_id=2, tax_id="DE123"))
    assert (finding.context["other_vendor_id"], finding.confidence) == (2, Decimal(1))


def unordered(**changes: Any) -> dict[str, Any]:
    row = {
        "branch_id": 2, "branch_name": "Downtown", "vendor_id": 3, "vendor_name": "Paper Co",
        "uncovered_invoice_count": 5, "uncovered_amount": Decimal(1000), "other_amount": Decimal(100),
        "other_covered_amount": Decimal(80),
    }  # fmt: skip
    return {**row, **changes}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, 1),
        ({"uncovered_invoice_count": 4}, 0),
        ({"uncovered_amount": Decimal("999.99")}, 0),
        ({"other_covered_amount": Decimal("79.99")}, 0),
        ({"other_amount": Decimal(0), "other_covered_amount": Decimal(0)}, 0),
    ],
)
def test_orders_are_asked_for_where_the_branch_has_them_elsewhere(change: dict[str, Any], found: int) -> None:
    findings = decide(no_purchase_order, unordered(**change))
    assert len(findings) == found
    assert [(one.savings, one.priority, one.confidence) for one in findings] == [(None, 3, Decimal("0.8"))] * found
    assert not VALUES["no_purchase_order"].enabled


def test_a_fingerprint_is_the_hash_of_rule_and_subject() -> None:
    subject = Subject(item_id=12, branch_id=3)
    assert subject.fingerprint("cheaper_vendor") == hashlib.sha256(b"cheaper_vendor|12||3|").hexdigest()


def test_every_rule_of_the_registry_is_one_the_seed_can_tune() -> None:
    folder = PROJECT / "runner" / "procurement" / "rules" / "queries"
    assert {rule.rule_id for rule in PROCUREMENT_RULES} <= VALUES.keys()
    needs = {rule.needs.query for rule in PROCUREMENT_RULES if rule.needs}
    needs |= {rule.windows_query for rule in PROCUREMENT_RULES if rule.windows_query}
    asked = {rule.query for rule in PROCUREMENT_RULES}
    assert asked | needs | {"no_unit_prices"} == {path.stem for path in folder.glob("*.sql")}


def test_a_rule_that_looks_at_findings_is_asked_after_the_rules_that_find_them() -> None:
    order = [rule.rule_id for rule in PROCUREMENT_RULES]
    for rule in PROCUREMENT_RULES:
        assert all(order.index(other) < order.index(rule.rule_id) for other in rule.after), rule.rule_id
