"""KEEP, DROP and ADD: thresholds met exactly, limits, order, and sentences that say what the numbers say."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.alignment.rules import ADD, DROP, KEEP, Recommendation, Trend, judge, percent, recommend
from runner.rounding import rounded
from runner.rules.parameters import Values

DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "keep": {"enabled": "1", "min_trend": "0.5", "high_trend": "0.8", "max_count": "5"},
    "drop": {"enabled": "1", "below_trend": "0.3", "high_below_trend": "0.15", "max_count": "3"},
    "add": {"enabled": "1", "min_trend": "0.7", "high_trend": "0.9", "min_carriers": "1", "max_count": "5"},
}


def parameters(**changes: Mapping[str, str]) -> dict[str, Values]:
    return {
        rule_id: Values(
            rule_id, {name: Decimal(value) for name, value in {**values, **changes.get(rule_id, {})}.items()}
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
    }
    normalized = round(Decimal(raw) / Decimal(base), 12)
    return Trend(key, name, Decimal(raw), Decimal(base), normalized, **{**measures, **counts})


def actions(
    *trends: Trend, carried: set[str] | None = None, rules: Mapping[str, Values] | None = None
) -> list[Recommendation]:
    """What a dealer gets who carries all of these collections, or those named."""
    held = {trend.collection_id for trend in trends} if carried is None else carried
    return recommend(judge(trends, rules or parameters()), held)


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
    assert [found.trend.collection_id for found in actions(*tied)] == ["c4", "c5", "c3", "c1", "c2"]


def test_weakest_are_dropped_first_and_ties_still_go_by_name() -> None:
    weak = [trend("20", key="a", name="B"), trend("20", key="b", name="A"), trend("10", key="c", name="Z")]
    assert [found.trend.collection_name for found in actions(*weak)] == ["Z", "A", "B"]


def test_a_dealer_gets_at_most_five_three_and_five() -> None:
    strong = [trend(f"{90 + n}", key=f"s{n}", name=f"S{n}") for n in range(7)]
    weak = [trend(f"{n}", key=f"w{n}", name=f"W{n}") for n in range(7)]
    missing = [trend(f"{90 + n}", key=f"m{n}", name=f"M{n}") for n in range(7)]
    market = judge([*strong, *weak, *missing], parameters())
    found = recommend(market, {trend.collection_id for trend in [*strong, *weak]})
    assert [one.trend.collection_id for one in found] == [
        *["s6", "s5", "s4", "s3", "s2"],
        *["w0", "w1", "w2"],
        *["m6", "m5", "m4", "m3", "m2"],
    ]


def test_where_tuned_ranges_overlap_a_collection_is_kept_and_not_dropped() -> None:
    overlapping = parameters(keep={"min_trend": "0.2", "max_count": "1"}, drop={"below_trend": "0.6"})
    found = actions(trend("40", key="a", name="A"), trend("30", key="b", name="B"), rules=overlapping)
    assert [(one.type, one.trend.collection_id) for one in found] == [("KEEP", "a")]


@pytest.mark.parametrize("rule_id", ["keep", "drop", "add"])
def test_a_rule_that_is_switched_off_finds_nothing(rule_id: str) -> None:
    trends = [trend("95", key="a", name="A"), trend("5", key="b", name="B"), trend("90", key="c", name="C")]
    everything = {"KEEP", "DROP", "ADD"}
    assert {one.type for one in actions(*trends, carried={"a", "b"})} == everything
    off = parameters(**{rule_id: {"enabled": "0"}})
    assert {one.type for one in actions(*trends, carried={"a", "b"}, rules=off)} == everything - {rule_id.upper()}


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


shares = st.integers(0, 1000).map(lambda thousandths: Decimal(thousandths) / 1000)
limits = st.integers(0, 6).map(Decimal)
flags = st.sampled_from([Decimal(1), Decimal(1), Decimal(0)])
tuned = st.fixed_dictionaries(
    {
        "keep": st.fixed_dictionaries(
            {"enabled": flags, "min_trend": shares, "high_trend": shares, "max_count": limits}
        ),
        "drop": st.fixed_dictionaries(
            {"enabled": flags, "below_trend": shares, "high_below_trend": shares, "max_count": limits}
        ),
        "add": st.fixed_dictionaries(
            {"enabled": flags, "min_trend": shares, "high_trend": shares, "min_carriers": limits, "max_count": limits}
        ),
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
    found = [one.trend.collection_id for one in recommend(judge(market, rules), carried)]
    assert len(found) == len(set(found))


@given(cases())
def test_a_dealer_gets_what_an_independent_reading_of_the_rules_gives(
    case: tuple[list[Trend], set[str], dict[str, Values]],
) -> None:
    market, carried, rules = case
    found = recommend(judge(market, rules), carried)
    assert [(one.type, one.priority, one.trend.collection_id) for one in found] == list(
        by_the_book(market, carried, rules)
    )


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
        chosen = [
            t for t in market if t.collection_id not in carried and t.raw_trend >= rule["min_trend"] * t.trend_base
        ]
        chosen = [t for t in chosen if t.carrying_dealer_count >= rule["min_carriers"]]
        chosen.sort(key=lambda t: (-t.raw_trend, t.collection_name.encode(), t.collection_id))
        for t in chosen[: int(rule["max_count"])]:
            high = t.raw_trend >= rule["high_trend"] * t.trend_base
            yield "ADD", "high" if high else "medium", t.collection_id


@given(cases())
def test_every_number_in_a_sentence_is_in_the_explanation(
    case: tuple[list[Trend], set[str], dict[str, Values]],
) -> None:
    market, carried, rules = case
    for found in recommend(judge(market, rules), carried):
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
    for found in recommend(judge(market, rules), carried):
        facts = found.explanation["inputs"]
        limit = facts["highThresholdPercent" if found.priority == "high" else "thresholdPercent"]
        assert f"{limit}%" in found.reason
        assert f"{facts['trendPercent']}%" in found.reason
        assert (facts["trendPercent"] < limit) == (found.type == "DROP")


def test_a_rule_declares_what_it_reads() -> None:
    assert {rule.rule_id: set(rule.ranges) for rule in (KEEP, DROP, ADD)} == {
        rule_id: set(values) for rule_id, values in DEFAULTS.items()
    }
