"""KEEP, DROP, ADD and SHIFT: thresholds met exactly, limits, order, and sentences that say what the numbers say."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.alignment.rules import (
    ADD,
    DROP,
    KEEP,
    SHIFT,
    AddOrder,
    Advice,
    Holding,
    Market,
    Recommendation,
    Swap,
    Trend,
    count_actions,
    judge,
    percent,
    recommend,
)
from runner.rounding import rounded
from runner.rules.parameters import Values

DEFAULTS: Mapping[str, Mapping[str, str | None]] = {
    "keep": {"enabled": "1", "min_trend": "0.5", "high_trend": "0.8", "max_count": "5"},
    "drop": {"enabled": "1", "below_trend": "0.3", "high_below_trend": "0.15", "quiet_days": None, "max_count": "3"},
    "add": {
        "enabled": "1",
        "min_trend": "0.7",
        "high_trend": "0.9",
        "min_carrier_share": None,
        "high_carrier_share": "0.75",
        "min_carriers": "1",
        "max_count": "5",
    },
    "shift": {"enabled": "1", "min_delta": "0.3", "high_delta": "0.6", "max_count": "3"},
}
AS_OF = date(2022, 10, 31)


def parameters(**changes: Mapping[str, str | None]) -> dict[str, Values]:
    return {
        rule_id: Values(
            rule_id,
            {
                name: None if value is None else Decimal(value)
                for name, value in {**values, **changes.get(rule_id, {})}.items()
            },
        )
        for rule_id, values in DEFAULTS.items()
    }


def trend(raw: str, *, base: str = "100", key: str = "c1", name: str = "Aspen Ridge", **counts: int) -> Trend:
    measures = {
        "trend_rank": 2,
        "selection_count": 9,
        "selecting_dealer_count": 5,
        "display_count": 4,
        "carrying_dealer_count": 6,
        "active_dealer_count": 20,
    }
    normalized = round(Decimal(raw) / Decimal(base), 12)
    return Trend(key, name, Decimal(raw), Decimal(base), normalized, **{**measures, **counts})


def actions(
    *trends: Trend,
    carried: Collection[str] | Mapping[str, Holding] | None = None,
    rules: Mapping[str, Values] | None = None,
    swaps: Sequence[Swap] = (),
    order: AddOrder = "carriers",
) -> list[Recommendation]:
    """What a dealer gets who carries all of these collections, or those named."""
    held = {trend.collection_id for trend in trends} if carried is None else carried
    return list(advice(judge(trends, rules or parameters(), order), held, swaps).actions)


def advice(market: Market, carried: Collection[str] | Mapping[str, Holding], swaps: Sequence[Swap] = ()) -> Advice:
    """What a dealer gets; where it is not said what it did with what it carries, it did nothing."""
    known = carried if isinstance(carried, Mapping) else dict.fromkeys(carried, Holding())
    return recommend(market, known, swaps, AS_OF)


def verdict(raw: str, *, carried: bool) -> tuple[str, str] | None:
    found = actions(trend(raw), carried={"c1"} if carried else set())
    return (found[0].type, found[0].priority) if found else None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("100", ("KEEP", "high")),
        ("80", ("KEEP", "high")),
        ("79.999999999999", ("KEEP", "medium")),
        ("50", ("KEEP", "medium")),
        ("49.999999999999", None),
        ("30", None),
        ("29.999999999999", ("DROP", "medium")),
        ("15", ("DROP", "medium")),
        ("14.999999999999", ("DROP", "high")),
        ("0", ("DROP", "high")),
    ],
)
def test_a_carried_collection_meets_its_threshold_exactly(raw: str, expected: tuple[str, str] | None) -> None:
    assert verdict(raw, carried=True) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("100", ("ADD", "high")),
        ("90", ("ADD", "high")),
        ("89.999999999999", ("ADD", "medium")),
        ("70", ("ADD", "medium")),
        ("69.999999999999", None),
        ("0", None),
    ],
)
def test_a_missing_collection_meets_its_threshold_exactly(raw: str, expected: tuple[str, str] | None) -> None:
    assert verdict(raw, carried=False) == expected


def test_a_published_trend_that_rounds_up_to_the_threshold_does_not_reach_it() -> None:
    just_below = trend("2099999999999.9", base="3000000000000")
    assert just_below.normalized_trend == Decimal("0.7")
    assert actions(just_below, carried=set()) == []


def test_a_third_is_compared_without_dividing() -> None:
    third = parameters(keep={"min_trend": "0.333333333333"})
    assert [found.type for found in actions(trend("1", base="3"), rules=third)] == ["KEEP"]


def test_a_collection_that_nobody_carries_is_not_added() -> None:
    assert actions(trend("95", carrying_dealer_count=0), carried=set()) == []
    assert [found.type for found in actions(trend("95", carrying_dealer_count=1), carried=set())] == ["ADD"]


def test_ties_are_settled_by_name_in_code_point_order_then_by_id() -> None:
    tied = [
        trend("60", key="c1", name="ocean"),
        trend("60", key="c2", name="Ärmel"),
        trend("60", key="c3", name="Zebra"),
        trend("60", key="c5", name="Alder"),
        trend("60", key="c4", name="Alder"),
    ]
    assert [found.collection_id for found in actions(*tied)] == ["c4", "c5", "c3", "c1", "c2"]


def test_weakest_are_dropped_first_and_ties_still_go_by_name() -> None:
    weak = [trend("20", key="a", name="B"), trend("20", key="b", name="A"), trend("10", key="c", name="Z")]
    assert [found.collection_name for found in actions(*weak)] == ["Z", "A", "B"]


def test_a_dealer_gets_at_most_five_three_and_five() -> None:
    strong = [trend(f"{90 + n}", key=f"s{n}", name=f"S{n}") for n in range(7)]
    weak = [trend(f"{n}", key=f"w{n}", name=f"W{n}") for n in range(7)]
    missing = [trend(f"{90 + n}", key=f"m{n}", name=f"M{n}") for n in range(7)]
    market = judge([*strong, *weak, *missing], parameters())
    found = advice(market, {trend.collection_id for trend in [*strong, *weak]}).actions
    assert [one.collection_id for one in found] == [
        *["s6", "s5", "s4", "s3", "s2"],
        *["w0", "w1", "w2"],
        *["m0", "m1", "m2", "m3", "m4"],
    ]


def test_where_tuned_ranges_overlap_a_collection_is_kept_and_not_dropped() -> None:
    overlapping = parameters(keep={"min_trend": "0.2", "max_count": "1"}, drop={"below_trend": "0.6"})
    found = actions(trend("40", key="a", name="A"), trend("30", key="b", name="B"), rules=overlapping)
    assert [(one.type, one.collection_id) for one in found] == [("KEEP", "a")]


@pytest.mark.parametrize("rule_id", ["keep", "drop", "add", "shift"])
def test_a_rule_that_is_switched_off_finds_nothing(rule_id: str) -> None:
    trends = [trend("95", key="a", name="A"), trend("5", key="b", name="B"), trend("90", key="c", name="C")]
    everything = {"KEEP", "DROP", "ADD", "SHIFT"}
    assert {one.type for one in actions(*trends, carried={"a", "b"}, swaps=[swap()])} == everything
    off = parameters(**{rule_id: {"enabled": "0"}})
    found = actions(*trends, carried={"a", "b"}, rules=off, swaps=[swap()])
    assert {one.type for one in found} == everything - {rule_id.upper()}


def test_a_percentage_is_never_shown_on_the_wrong_side_of_its_threshold() -> None:
    assert percent(Fraction(6996, 10000), [Decimal("0.7")]) == Decimal("69.96")
    assert percent(Fraction(6949, 10000), [Decimal("0.7")]) == Decimal("69")
    assert percent(Fraction(7004, 10000), [Decimal("0.7")]) == Decimal("70")
    assert percent(Fraction(5049, 10000), [Decimal("0.505")]) == Decimal("50")
    assert percent(Fraction(50499, 100000), [Decimal("0.505")]) == Decimal("50")
    assert percent(Fraction(5051, 10000), [Decimal("0.505")]) == Decimal("51")
    assert percent(Fraction(9999, 10000), []) == Decimal("99.99")
    assert percent(Fraction(3, 1000), []) == Decimal("0.3")
    assert str(percent(Fraction(1), [])) == "100"
    assert str(percent(Fraction(0), [])) == "0"


def test_halves_are_rounded_away_from_zero() -> None:
    assert [rounded(Fraction(half, 2)) for half in (1, 3, 5, 125)] == [1, 2, 3, 63]
    assert rounded(Fraction(45, 1000), 2) == Decimal("0.05")


@pytest.mark.parametrize(
    ("selecting", "displaying", "expected"),
    [
        (0, 0, "No dealer has selected it and none displays it."),
        (1, 1, "1 dealer has selected it and 1 displays it."),
        (2, 0, "2 dealers have selected it and none displays it."),
        (0, 3, "No dealer has selected it and 3 display it."),
        (1234, 56, "1234 dealers have selected it and 56 display it."),
    ],
)
def test_metrics_read_right_in_singular_and_plural(selecting: int, displaying: int, expected: str) -> None:
    (found,) = actions(trend("60", selecting_dealer_count=selecting, display_count=displaying))
    assert found.metrics == expected


def test_reasons_name_the_threshold_that_decided() -> None:
    kept = [actions(trend(raw))[0].reason for raw in ("85", "60")]
    dropped = [actions(trend(raw))[0].reason for raw in ("10", "20")]
    added = [actions(trend(raw), carried=set())[0].reason for raw in ("95", "75")]
    assert kept == [
        "A market favorite: number 2 with a trend of 85%, and 80% makes a sure keeper.",
        "It earns its place: number 2 with a trend of 60%, and 50% is enough to stay.",
    ]
    assert dropped == [
        "Far behind the market's favorites: a trend of 10%, and anything below 15% should go first.",
        "Behind the market's favorites: a trend of 20%, and it takes 30% to be worth the space.",
    ]
    assert added == [
        "A market favorite not carried yet: number 2 with a trend of 95%, and from 90% it comes first.",
        "In demand, not carried yet: number 2 with a trend of 75%, and 70% is enough to add it.",
    ]


def test_an_explanation_names_rule_observation_threshold_and_inputs() -> None:
    (found,) = actions(trend("75"), carried=set())
    assert found.explanation == {
        "ruleId": "add",
        "observed": Decimal("0.75"),
        "threshold": Decimal("0.7"),
        "inputs": {
            "trendPercent": 75,
            "thresholdPercent": 70,
            "highThreshold": Decimal("0.9"),
            "highThresholdPercent": 90,
            "trendRank": 2,
            "rawTrend": 75,
            "trendBase": 100,
            "selectingDealerCount": 5,
            "displayCount": 4,
            "carryingDealerCount": 6,
            "minCarriers": 1,
        },
    }


def test_add_is_ordered_by_the_dealers_that_carry_or_by_the_trend() -> None:
    found = [
        trend("95", key="a", name="A", carrying_dealer_count=2),
        trend("75", key="b", name="B", carrying_dealer_count=9),
        trend("80", key="d", name="D", carrying_dealer_count=2),
    ]
    assert [one.collection_id for one in actions(*found, carried=set())] == ["b", "a", "d"]
    assert [one.collection_id for one in actions(*found, carried=set(), order="trend")] == ["a", "d", "b"]


def test_a_share_of_carrying_dealers_takes_the_place_of_the_trend() -> None:
    gate = parameters(add={"min_carrier_share": "0.35", "high_carrier_share": "0.4"})
    at_the_gate = trend("1", key="a", name="A", carrying_dealer_count=7)
    high = trend("1", key="b", name="B", carrying_dealer_count=8)
    below = trend("100", key="c", name="C", carrying_dealer_count=6)
    found = actions(at_the_gate, high, below, carried=set(), rules=gate)
    assert [(one.collection_id, one.priority) for one in found] == [("b", "high"), ("a", "medium")]
    assert [one.reason for one in found] == [
        (
            "Carried almost everywhere but here: 40% of the vendor's dealers carry it (8 of 20), "
            "and from 40% it comes first."
        ),
        "Widely carried, not here yet: 35% of the vendor's dealers carry it (7 of 20), and 35% is enough to add it.",
    ]
    explanation = found[1].explanation
    assert (explanation["observed"], explanation["threshold"]) == (7, Decimal("0.35"))
    assert explanation["inputs"]["activeDealerCount"] == 20


def test_a_drop_names_what_the_dealer_itself_last_did() -> None:
    held = {
        "a": Holding(date(2022, 3, 1), date(2021, 1, 5), "SELECTED"),
        "b": Holding(None, date(2021, 1, 5), "SELECTED"),
        "c": Holding(date(2020, 3, 1), date(2021, 1, 5), "MUST_CARRY"),
    }
    found = actions(*(trend("10", key=key, name=key) for key in held), carried=held)
    assert [one.reason.partition("first. ")[2] for one in found] == [
        "You last displayed it on 1 March 2022.",
        "You last selected it on 5 January 2021.",
        "You last selected it on 5 January 2021.",
    ]
    inputs = found[0].explanation["inputs"]
    assert (inputs["lastDisplayedOn"], inputs["lastSelectedOn"]) == ("2022-03-01", "2021-01-05")
    assert inputs["highestStatus"] == "SELECTED"


def test_with_quiet_days_what_was_displayed_lately_or_must_be_carried_is_not_dropped() -> None:
    held = {
        "lately": Holding(date(2022, 10, 2), None, None),
        "long_ago": Holding(date(2022, 10, 1), None, "SELECTED"),
        "must": Holding(None, date(2020, 1, 1), "MUST_CARRY"),
        "passed": Holding(date(2022, 1, 1), None, "PASSED"),
        "only_displayed": Holding(date(2022, 1, 1), None, None),
    }
    weak = [trend("20" if key == "only_displayed" else "10", key=key, name=key) for key in held]
    quiet = parameters(drop={"quiet_days": "30", "max_count": "9"})
    found = [one.collection_id for one in actions(*weak, carried=held, rules=quiet)]
    assert found == ["only_displayed", "passed", "long_ago"]


def swap(from_raw: str = "32", to_raw: str = "81", **changes: Any) -> Swap:
    row = Swap(
        collection_id="c9",
        collection_name="Halo",
        from_product_id="p36",
        from_product_name="36-inch chandelier",
        from_sku="H-36",
        from_size="36-inch",
        from_finish="Brass",
        to_product_id="p24",
        to_product_name="24-inch chandelier",
        to_sku="H-24",
        to_size="24-inch",
        to_finish="Brass",
        changes="size",
        is_selected=True,
        from_raw_trend=Decimal(from_raw),
        to_raw_trend=Decimal(to_raw),
        trend_base=Decimal(100),
        to_trend=Decimal(to_raw) / 100,
        delta=(Decimal(to_raw) - Decimal(from_raw)) / 100,
        from_carrying_dealer_count=9,
        to_carrying_dealer_count=24,
        shift_count=1,
    )
    return row._replace(**changes)


def test_a_shift_says_what_the_dealer_has_and_what_dealers_prefer() -> None:
    (found,) = actions(swaps=[swap()])
    assert found.reason == (
        "You selected the 36-inch chandelier; dealers prefer the 24-inch chandelier: 81% against 32%."
    )
    assert found.metrics == "24 dealers carry the one they prefer and 9 the other."
    assert (found.type, found.priority, found.trend_score) == ("SHIFT", "medium", Decimal("0.81"))
    (displayed,) = actions(swaps=[swap(is_selected=False, changes="both", to_finish="Nickel")])
    assert displayed.reason.startswith(
        "You display the 36-inch chandelier (Brass); dealers prefer the 24-inch chandelier (Nickel): "
    )


def test_a_shift_is_urgent_from_exactly_its_high_difference_on() -> None:
    assert [actions(swaps=[swap("20", raw)])[0].priority for raw in ("79.999999999999", "80")] == ["medium", "high"]


def test_a_shift_shows_which_of_two_close_trends_is_the_larger() -> None:
    (found,) = actions(swaps=[swap("50", "50.2")])
    assert found.reason.endswith("50.2% against 50%.")


def test_a_collection_that_is_dropped_gets_no_shift() -> None:
    dropped = trend("10", key="c9", name="Halo")
    assert [one.type for one in actions(dropped, swaps=[swap()])] == ["DROP"]
    assert [one.type for one in actions(trend("60", key="c9", name="Halo"), swaps=[swap()])] == ["KEEP", "SHIFT"]


def test_what_is_shown_and_what_was_found_are_counted() -> None:
    trends = [trend(f"{60 + n}", key=f"k{n}", name=f"K{n}") for n in range(7)]
    weak = [trend("10", key=f"w{n}", name=f"W{n}") for n in range(4)]
    market = judge([*trends, *weak], parameters())
    got = advice(market, {one.collection_id for one in [*trends, *weak]}, [swap(shift_count=5)])
    assert count_actions(got) == {
        "keep": {"shown": 5, "all": 7},
        "drop": {"shown": 3, "all": 4},
        "add": {"shown": 0, "all": 0},
        "shift": {"shown": 1, "all": 5},
    }


shares = st.integers(0, 1000).map(lambda thousandths: Decimal(thousandths) / 1000)
limits = st.integers(0, 6).map(Decimal)
flags = st.sampled_from([Decimal(1), Decimal(1), Decimal(0)])
tuned = st.fixed_dictionaries(
    {
        "keep": st.fixed_dictionaries(
            {"enabled": flags, "min_trend": shares, "high_trend": shares, "max_count": limits}
        ),
        "drop": st.fixed_dictionaries(
            {
                "enabled": flags,
                "below_trend": shares,
                "high_below_trend": shares,
                "quiet_days": st.none(),
                "max_count": limits,
            }
        ),
        "add": st.fixed_dictionaries(
            {
                "enabled": flags,
                "min_trend": shares,
                "high_trend": shares,
                "min_carrier_share": st.one_of(st.none(), shares),
                "high_carrier_share": shares,
                "min_carriers": limits,
                "max_count": limits,
            }
        ),
        "shift": st.just(parameters()["shift"]._values),
    }
).map(lambda rules: {rule_id: Values(rule_id, values) for rule_id, values in rules.items()})


@st.composite
def markets(draw: st.DrawFn) -> list[Trend]:
    """A vendor's collections as the mart would give them; names and trends collide often."""
    raws = draw(st.lists(st.decimals(0, 40, places=draw(st.sampled_from([0, 2]))), max_size=20))
    base = max([Decimal(1), *raws])
    return [
        Trend(
            collection_id=f"c{number}",
            collection_name=draw(st.sampled_from(["Aspen", "aspen", "Öland", "Birch"])),
            raw_trend=raw,
            trend_base=base,
            normalized_trend=round(raw / base, 12),
            trend_rank=1 + sum(other > raw for other in raws),
            selection_count=draw(st.integers(0, 9)),
            selecting_dealer_count=draw(st.integers(0, 3)),
            display_count=draw(st.integers(0, 3)),
            carrying_dealer_count=draw(st.integers(0, 3)),
            active_dealer_count=4,
        )
        for number, raw in enumerate(raws)
    ]


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Trend], set[str], dict[str, Values]]:
    market = draw(markets())
    carried = draw(st.sets(st.sampled_from([trend.collection_id for trend in market]))) if market else set()
    return market, carried, draw(st.one_of(st.just(parameters()), tuned))


@given(cases())
def test_no_collection_gets_two_actions(case: tuple[list[Trend], set[str], dict[str, Values]]) -> None:
    market, carried, rules = case
    found = [one.collection_id for one in advice(judge(market, rules), carried).actions]
    assert len(found) == len(set(found))


@given(cases())
def test_a_dealer_gets_what_an_independent_reading_of_the_rules_gives(
    case: tuple[list[Trend], set[str], dict[str, Values]],
) -> None:
    market, carried, rules = case
    found = advice(judge(market, rules), carried).actions
    assert [(one.type, one.priority, one.collection_id) for one in found] == list(by_the_book(market, carried, rules))


def by_the_book(market: list[Trend], carried: set[str], rules: Mapping[str, Values]) -> Iterator[tuple[str, str, str]]:
    """Spec by the letter, rule by rule: cross-multiplied decimals, one sort and one cut each."""
    kept_range = set()
    rule = rules["keep"]
    if rule.enabled:
        chosen = [t for t in market if t.collection_id in carried and t.raw_trend >= rule["min_trend"] * t.trend_base]
        kept_range = {t.collection_id for t in chosen}
        chosen.sort(key=lambda t: (-t.raw_trend, t.collection_name.encode(), t.collection_id))
        for t in chosen[: int(rule["max_count"])]:
            high = t.raw_trend >= rule["high_trend"] * t.trend_base
            yield "KEEP", "high" if high else "medium", t.collection_id
    rule = rules["drop"]
    if rule.enabled:
        chosen = [t for t in market if t.collection_id in carried and t.raw_trend < rule["below_trend"] * t.trend_base]
        chosen = [t for t in chosen if t.collection_id not in kept_range]
        chosen.sort(key=lambda t: (t.raw_trend, t.collection_name.encode(), t.collection_id))
        for t in chosen[: int(rule["max_count"])]:
            high = t.raw_trend < rule["high_below_trend"] * t.trend_base
            yield "DROP", "high" if high else "medium", t.collection_id
    rule = rules["add"]
    if rule.enabled:
        share = rule.optional("min_carrier_share")
        chosen = [t for t in market if t.collection_id not in carried]
        if share is None:
            chosen = [t for t in chosen if t.raw_trend >= rule["min_trend"] * t.trend_base]
        else:
            chosen = [t for t in chosen if t.carrying_dealer_count >= share * t.active_dealer_count]
        chosen = [t for t in chosen if t.carrying_dealer_count >= rule["min_carriers"]]
        chosen.sort(key=lambda t: (-t.carrying_dealer_count, t.collection_name.encode(), t.collection_id))
        for t in chosen[: int(rule["max_count"])]:
            high = t.raw_trend >= rule["high_trend"] * t.trend_base
            if share is not None:
                high = t.carrying_dealer_count >= rule["high_carrier_share"] * t.active_dealer_count
            yield "ADD", "high" if high else "medium", t.collection_id


@given(cases())
def test_every_number_in_a_sentence_is_in_the_explanation(
    case: tuple[list[Trend], set[str], dict[str, Values]],
) -> None:
    market, carried, rules = case
    for found in advice(judge(market, rules), carried).actions:
        known = set(numbers_of(found.explanation))
        said = {Decimal(number) for number in re.findall(r"\d+(?:\.\d+)?", f"{found.reason} {found.metrics}")}
        assert said <= known


def numbers_of(value: Any) -> Iterator[Decimal]:
    """Every number in a structure."""
    if isinstance(value, Mapping):
        for part in value.values():
            yield from numbers_of(part)
    elif isinstance(value, (int, Decimal)):
        yield Decimal(value)


@given(cases())
def test_what_a_sentence_says_about_its_threshold_is_true(
    case: tuple[list[Trend], set[str], dict[str, Values]],
) -> None:
    market, carried, rules = case
    for found in advice(judge(market, rules), carried).actions:
        facts = found.explanation["inputs"]
        limit = facts["highThresholdPercent" if found.priority == "high" else "thresholdPercent"]
        assert f"{limit}%" in found.reason
        shown = facts.get("carrierPercent", facts["trendPercent"])
        assert f"{shown}%" in found.reason
        assert (shown < limit) == (found.type == "DROP")


def test_a_rule_declares_what_it_reads() -> None:
    assert {rule.rule_id: set(rule.ranges) for rule in (KEEP, DROP, ADD, SHIFT)} == {
        rule_id: set(values) for rule_id, values in DEFAULTS.items()
    }
