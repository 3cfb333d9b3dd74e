"""What a dealer should KEEP, DROP and ADD: collections judged once per vendor, then chosen per dealer.

Everything compared is exact. A trend is the fraction raw_trend / trend_base, so no rounding of the published
normalized_trend decides anything.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import count, islice
from typing import Any, Literal, NamedTuple

from runner.rounding import rounded
from runner.rules.parameters import COUNT, SHARE, Rule, Values

KEEP = Rule("keep", {"min_trend": SHARE, "high_trend": SHARE, "max_count": COUNT}, "KEEP")
DROP = Rule("drop", {"below_trend": SHARE, "high_below_trend": SHARE, "max_count": COUNT}, "DROP")
ADD = Rule("add", {"min_trend": SHARE, "high_trend": SHARE, "min_carriers": COUNT, "max_count": COUNT}, "ADD")

Action = Literal["KEEP", "DROP", "ADD"]
Key = tuple[Action, str]


class Trend(NamedTuple):
    """One collection's place in its vendor's market, as in the mart collection_trends.

    Attributes:
        raw_trend: Sum over its selections of dealer weight / 100 times selection weight.
        trend_base: max(1, the vendor's largest raw_trend).
        normalized_trend: raw_trend / trend_base as published, 0 to 1.
        selecting_dealer_count: Dealers with a SELECTED or MUST_CARRY selection in it.
        display_count: Dealers displaying it.
        carrying_dealer_count: Dealers carrying it, by selection or display.
    """

    collection_id: str
    collection_name: str
    raw_trend: Decimal
    trend_base: Decimal
    normalized_trend: Decimal
    trend_rank: int
    selection_count: int
    selecting_dealer_count: int
    display_count: int
    carrying_dealer_count: int

    @property
    def share(self) -> Fraction:
        """The normalized trend without any rounding."""
        return Fraction(self.raw_trend) / Fraction(self.trend_base)


@dataclass(frozen=True)
class Recommendation:
    """One action on one collection. Every number in `reason` and `metrics` is also in `explanation`."""

    type: Action
    priority: Literal["high", "medium"]
    trend: Trend
    reason: str
    metrics: str
    explanation: Mapping[str, Any]

    @property
    def key(self) -> Key:
        """The action and the collection's id: one recommendation of a vendor's market."""
        return self.type, self.trend.collection_id


@dataclass(frozen=True)
class Market:
    """What one vendor's collections call for: each list in the order in which a dealer's actions are taken from it.

    Attributes:
        keep: For dealers who carry the collection, strongest first.
        drop: For dealers who carry it, weakest first.
        add: For dealers who do not carry it, strongest first.
        limits: The most a dealer gets of each.
    """

    keep: tuple[Recommendation, ...]
    drop: tuple[Recommendation, ...]
    add: tuple[Recommendation, ...]
    limits: Mapping[Action, int]


def judge(trends: Iterable[Trend], parameters: Mapping[str, Values]) -> Market:
    """Judge one vendor's collections, whoever carries them.

    A collection is in KEEP's or in DROP's range, never in both: where tuned ranges overlap, KEEP goes first.

    Args:
        trends: The vendor's collections.
        parameters: The values of the rules keep, drop and add.
    """
    keep_rule, drop_rule, add_rule = (parameters[rule.rule_id] for rule in (KEEP, DROP, ADD))
    keep, drop, add = [], [], []
    for trend in sorted(trends, key=lambda trend: (-trend.share, trend.collection_name, trend.collection_id)):
        if keep_rule.enabled and trend.share >= Fraction(keep_rule["min_trend"]):
            keep.append(_keep(trend, keep_rule))
        elif drop_rule.enabled and trend.share < Fraction(drop_rule["below_trend"]):
            drop.append(_drop(trend, drop_rule))
        if (
            add_rule.enabled
            and trend.share >= Fraction(add_rule["min_trend"])
            and trend.carrying_dealer_count >= add_rule["min_carriers"]
        ):
            add.append(_add(trend, add_rule))
    # Weakest first; sorting is stable, so ties stay in the order of their names.
    drop.sort(key=lambda recommendation: recommendation.trend.share)
    return Market(
        keep=tuple(keep),
        drop=tuple(drop),
        add=tuple(add),
        limits={
            "KEEP": keep_rule.count("max_count"),
            "DROP": drop_rule.count("max_count"),
            "ADD": add_rule.count("max_count"),
        },
    )


def recommend(market: Market, carried: Collection[str]) -> list[Recommendation]:
    """Choose one dealer's actions: KEEP, then DROP, then ADD, each in its order and within its limit.

    Args:
        market: The vendor's collections as judged.
        carried: The ids of the collections the dealer carries.
    """
    kept = (action for action in market.keep if action.trend.collection_id in carried)
    dropped = (action for action in market.drop if action.trend.collection_id in carried)
    added = (action for action in market.add if action.trend.collection_id not in carried)
    return [
        *islice(kept, market.limits["KEEP"]),
        *islice(dropped, market.limits["DROP"]),
        *islice(added, market.limits["ADD"]),
    ]


def _keep(trend: Trend, rule: Values) -> Recommendation:
    high = trend.share >= Fraction(rule["high_trend"])
    facts = _facts(trend, rule["min_trend"], rule["high_trend"])
    place = f"number {trend.trend_rank} with a trend of {facts['trendPercent']}%"
    if high:
        reason = f"A market favorite: {place}, and {facts['highThresholdPercent']}% makes a sure keeper."
    else:
        reason = f"It earns its place: {place}, and {facts['thresholdPercent']}% is enough to stay."
    return _recommendation("KEEP", trend, rule, rule["min_trend"], facts, high=high, reason=reason)


def _drop(trend: Trend, rule: Values) -> Recommendation:
    high = trend.share < Fraction(rule["high_below_trend"])
    facts = _facts(trend, rule["below_trend"], rule["high_below_trend"])
    place = f"a trend of {facts['trendPercent']}%"
    if high:
        reason = (
            f"Far behind the market's favorites: {place}, and anything below {facts['highThresholdPercent']}% "
            "should go first."
        )
    else:
        reason = (
            f"Behind the market's favorites: {place}, and it takes {facts['thresholdPercent']}% to be worth the space."
        )
    return _recommendation("DROP", trend, rule, rule["below_trend"], facts, high=high, reason=reason)


def _add(trend: Trend, rule: Values) -> Recommendation:
    high = trend.share >= Fraction(rule["high_trend"])
    facts = {**_facts(trend, rule["min_trend"], rule["high_trend"]), "minCarriers": rule.count("min_carriers")}
    place = f"number {trend.trend_rank} with a trend of {facts['trendPercent']}%"
    if high:
        reason = (
            f"A market favorite not carried yet: {place}, and from {facts['highThresholdPercent']}% it comes first."
        )
    else:
        reason = f"In demand, not carried yet: {place}, and {facts['thresholdPercent']}% is enough to add it."
    return _recommendation("ADD", trend, rule, rule["min_trend"], facts, high=high, reason=reason)


def _recommendation(
    action: Action,
    trend: Trend,
    rule: Values,
    threshold: Decimal,
    facts: Mapping[str, Any],
    *,
    high: bool,
    reason: str,
) -> Recommendation:
    return Recommendation(
        type=action,
        priority="high" if high else "medium",
        trend=trend,
        reason=reason,
        metrics=_metrics(trend),
        explanation={
            "ruleId": rule.rule_id,
            "observed": trend.normalized_trend,
            "threshold": threshold,
            "inputs": facts,
        },
    )


def _facts(trend: Trend, threshold: Decimal, high_threshold: Decimal) -> dict[str, Any]:
    """Everything a sentence about a collection may say, percentages as they are written there."""
    return {
        "trendPercent": percent(trend.share, (threshold, high_threshold)),
        "thresholdPercent": _plain(threshold * 100),
        "highThreshold": high_threshold,
        "highThresholdPercent": _plain(high_threshold * 100),
        "trendRank": trend.trend_rank,
        "rawTrend": trend.raw_trend,
        "trendBase": trend.trend_base,
        "selectingDealerCount": trend.selecting_dealer_count,
        "displayCount": trend.display_count,
        "carryingDealerCount": trend.carrying_dealer_count,
    }


def _metrics(trend: Trend) -> str:
    """How many dealers selected it and how many display it, in a sentence."""
    selecting, displaying = trend.selecting_dealer_count, trend.display_count
    selected = {0: "No dealer has", 1: "1 dealer has"}.get(selecting, f"{selecting} dealers have")
    displayed = {0: "none displays", 1: "1 displays"}.get(displaying, f"{displaying} display")
    return f"{selected} selected it and {displayed} it."


def percent(share: Fraction, thresholds: Iterable[Decimal]) -> Decimal:
    """A share as a percentage for a sentence: rounded to a whole one where that stays true.

    69.96 % is not shown as 70 % next to "below 70 %": decimals are added until the shown number lies on the same side
    of every threshold as the share itself; nor is anything short of all shown as 100 %, or more than nothing as 0 %.
    """
    limits = [Fraction(threshold) for threshold in (*thresholds, Decimal(1))]
    for places in count():
        shown = rounded(share * 100, places)
        same_side = all((Fraction(shown) >= limit * 100) == (share >= limit) for limit in limits)
        if same_side and (shown > 0) == (share > 0):
            return _plain(shown)
    raise AssertionError("unreachable: enough decimals tell any two numbers apart")


def _plain(number: Decimal) -> Decimal:
    """The same number without trailing zeros or exponent: 70.00 and 7E+1 are 70."""
    return Decimal(f"{number.normalize():f}")
