"""What a dealer should KEEP, DROP, ADD and SHIFT: collections judged once per vendor, then chosen per dealer.

Everything compared is exact. A trend is the fraction raw_trend / trend_base, so no rounding of the published
normalized_trend decides anything.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any, Literal, NamedTuple

from runner.rounding import rounded
from runner.rules.parameters import COUNT, SHARE, Rule, Values
from runner.words import day

KEEP = Rule("keep", {"min_trend": SHARE, "high_trend": SHARE, "max_count": COUNT}, "KEEP")
DROP = Rule(
    "drop",
    {"below_trend": SHARE, "high_below_trend": SHARE, "quiet_days": COUNT.or_empty(), "max_count": COUNT},
    "DROP",
)
ADD = Rule(
    "add",
    {
        "min_trend": SHARE,
        "high_trend": SHARE,
        "min_carrier_share": SHARE.or_empty(),
        "high_carrier_share": SHARE,
        "min_carriers": COUNT,
        "max_count": COUNT,
    },
    "ADD",
)
SHIFT = Rule("shift", {"min_delta": SHARE, "high_delta": SHARE, "max_count": COUNT}, "SHIFT")

Action = Literal["KEEP", "DROP", "ADD", "SHIFT"]
ACTIONS: tuple[Action, ...] = ("KEEP", "DROP", "ADD", "SHIFT")
AddOrder = Literal["carriers", "trend"]
Key = tuple[Action, str]

STATUSES = (None, "PASSED", "INTERESTED", "SELECTED", "MUST_CARRY")
"""A dealer's highest status in a collection, from none on."""


class Trend(NamedTuple):
    """One collection's place in its vendor's market, as in the mart collection_trends.

    Attributes:
        raw_trend: Sum over its selections of dealer weight / 100 times selection weight.
        trend_base: max(1, the vendor's largest raw_trend).
        normalized_trend: raw_trend / trend_base as published, 0 to 1.
        selecting_dealer_count: Dealers with a SELECTED or MUST_CARRY selection in it.
        display_count: Dealers displaying it.
        carrying_dealer_count: Dealers carrying it, by selection or display.
        active_dealer_count: Dealers active for the vendor.
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
    active_dealer_count: int

    @property
    def share(self) -> Fraction:
        """The normalized trend without any rounding."""
        return Fraction(self.raw_trend) / Fraction(self.trend_base)


class Holding(NamedTuple):
    """What a dealer did with a collection it carries, as in the mart dealer_collection_positions.

    Attributes:
        last_displayed_on: Its newest display.
        last_selected_on: Its newest SELECTED or MUST_CARRY selection.
        highest_status: Its highest status, one of `STATUSES`.
    """

    last_displayed_on: date | None = None
    last_selected_on: date | None = None
    highest_status: str | None = None


class Swap(NamedTuple):
    """A row of the mart shift_opportunities: a product that the dealer carries and a stronger one that it does not."""

    collection_id: str
    collection_name: str
    from_product_id: str
    from_product_name: str
    from_sku: str
    from_size: str | None
    from_finish: str | None
    to_product_id: str
    to_product_name: str
    to_sku: str
    to_size: str | None
    to_finish: str | None
    changes: str
    is_selected: bool
    from_raw_trend: Decimal
    to_raw_trend: Decimal
    trend_base: Decimal
    to_trend: Decimal
    delta: Decimal
    from_carrying_dealer_count: int
    to_carrying_dealer_count: int
    shift_count: int


@dataclass(frozen=True)
class Recommendation:
    """One action. Every number in `reason` and `metrics` is also in `explanation`.

    Attributes:
        trend_score: Normalized trend of the collection, or of the product to take up.
        swap: The two products of a SHIFT.
    """

    type: Action
    priority: Literal["high", "medium"]
    collection_id: str
    collection_name: str
    trend_score: Decimal
    reason: str
    metrics: str
    explanation: Mapping[str, Any]
    swap: Swap | None = None

    @property
    def key(self) -> Key:
        """The action and the collection's id: one recommendation of a vendor's market."""
        return self.type, self.collection_id


@dataclass(frozen=True)
class Market:
    """What one vendor's collections call for: each list in the order in which a dealer's actions are taken from it.

    Attributes:
        keep: For dealers who carry the collection, strongest first.
        drop: For dealers who carry it, weakest first; what the dealer itself did with it is told when it is chosen.
        add: For dealers who do not carry it: most carried first, or strongest.
        quiet_days: A dealer drops only what it has not displayed for this many days; None: whatever it did.
        shift: The values of the rule shift.
        limits: The most a dealer gets of each.
    """

    keep: tuple[Recommendation, ...]
    drop: tuple[Recommendation, ...]
    add: tuple[Recommendation, ...]
    quiet_days: int | None
    shift: Values
    limits: Mapping[Action, int]


@dataclass(frozen=True)
class Advice:
    """What one dealer gets.

    Attributes:
        actions: KEEP, then DROP, ADD and SHIFT, each in its order and within its limit.
        found: How many of each there were before the limit.
    """

    actions: Sequence[Recommendation]
    found: Mapping[Action, int]


def judge(trends: Iterable[Trend], parameters: Mapping[str, Values], add_order: AddOrder = "carriers") -> Market:
    """Judge one vendor's collections, whoever carries them.

    A collection is in KEEP's or in DROP's range, never in both: where tuned ranges overlap, KEEP goes first.

    Args:
        trends: The vendor's collections.
        parameters: The values of the rules keep, drop, add and shift.
        add_order: What ADD is ordered by.
    """
    keep_rule, drop_rule, add_rule, shift_rule = (parameters[rule.rule_id] for rule in (KEEP, DROP, ADD, SHIFT))
    # Sorting is stable: ties stay in the order of their names, then ids.
    by_name = sorted(trends, key=lambda trend: (trend.collection_name, trend.collection_id))
    strongest = sorted(by_name, key=lambda trend: -trend.share)
    most_carried = sorted(by_name, key=lambda trend: -trend.carrying_dealer_count)
    kept = [trend for trend in strongest if keep_rule.enabled and trend.share >= Fraction(keep_rule["min_trend"])]
    dropped = [
        trend
        for trend in sorted(by_name, key=lambda trend: trend.share)
        if drop_rule.enabled and trend.share < Fraction(drop_rule["below_trend"]) and trend not in kept
    ]
    quiet_days = drop_rule.optional("quiet_days")
    return Market(
        keep=tuple(_keep(trend, keep_rule) for trend in kept),
        drop=tuple(_drop(trend, drop_rule) for trend in dropped),
        add=tuple(
            _add(trend, add_rule)
            for trend in (most_carried if add_order == "carriers" else strongest)
            if add_rule.enabled and _may_be_added(trend, add_rule)
        ),
        quiet_days=None if quiet_days is None else int(quiet_days),
        shift=shift_rule,
        limits={action: parameters[action.lower()].count("max_count") for action in ACTIONS},
    )


def recommend(market: Market, carried: Mapping[str, Holding], swaps: Iterable[Swap], as_of: date) -> Advice:
    """Choose one dealer's actions. A collection that it is advised to drop gets no swap.

    Args:
        market: The vendor's collections as judged.
        carried: The ids of the collections the dealer carries, and what it did with them.
        swaps: The dealer's rows of shift_opportunities, by rank.
        as_of: The date it is about.
    """
    kept = [action for action in market.keep if action.collection_id in carried]
    dropped = [action for action in market.drop if action.collection_id in carried]
    if market.quiet_days is not None:
        loud_from = as_of - timedelta(days=market.quiet_days - 1)
        dropped = [action for action in dropped if _is_quiet(carried[action.collection_id], loud_from)]
        dropped.sort(key=lambda action: STATUSES.index(carried[action.collection_id].highest_status))
    added = [action for action in market.add if action.collection_id not in carried]

    told = [_told(action, carried[action.collection_id]) for action in dropped[: market.limits["DROP"]]]
    gone = {action.collection_id for action in told}
    swaps = list(swaps) if market.shift.enabled else []
    shifted = [_shift(swap, market.shift) for swap in swaps if swap.collection_id not in gone]
    not_listed = max((swap.shift_count for swap in swaps), default=0) - len(swaps)
    return Advice(
        actions=[
            *kept[: market.limits["KEEP"]],
            *told,
            *added[: market.limits["ADD"]],
            *shifted[: market.limits["SHIFT"]],
        ],
        found={"KEEP": len(kept), "DROP": len(dropped), "ADD": len(added), "SHIFT": len(shifted) + not_listed},
    )


def count_actions(advice: Advice) -> dict[str, dict[str, int]]:
    """How many of each action are shown, and how many there are in all, by its name in lower case."""
    shown = Counter(action.type for action in advice.actions)
    return {action.lower(): {"shown": shown[action], "all": advice.found[action]} for action in ACTIONS}


def _may_be_added(trend: Trend, rule: Values) -> bool:
    share = rule.optional("min_carrier_share")
    if trend.carrying_dealer_count < rule["min_carriers"]:
        return False
    if share is None:
        return trend.share >= Fraction(rule["min_trend"])
    return trend.carrying_dealer_count >= share * trend.active_dealer_count


def _is_quiet(holding: Holding, loud_from: date) -> bool:
    """Whether the dealer shows no sign of wanting the collection: no display lately, and nothing it must carry."""
    is_displayed_lately = holding.last_displayed_on is not None and holding.last_displayed_on >= loud_from
    return not is_displayed_lately and holding.highest_status != "MUST_CARRY"


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


def _told(drop: Recommendation, holding: Holding) -> Recommendation:
    """A DROP with what the dealer itself last did, beside the market's trend."""
    done = {"displayed": holding.last_displayed_on, "selected": holding.last_selected_on}
    last, what = max(((date_of, what) for what, date_of in done.items() if date_of), default=(None, ""))
    own = {
        "lastDisplayedOn": holding.last_displayed_on and holding.last_displayed_on.isoformat(),
        "lastSelectedOn": holding.last_selected_on and holding.last_selected_on.isoformat(),
        "highestStatus": holding.highest_status,
    }
    return replace(
        drop,
        reason=f"{drop.reason} You last {what} it on {day(last)}." if last else drop.reason,
        explanation={**drop.explanation, "inputs": {**drop.explanation["inputs"], **own}},
    )


def _add(trend: Trend, rule: Values) -> Recommendation:
    if rule.optional("min_carrier_share") is not None:
        return _add_by_carriers(trend, rule)
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


def _add_by_carriers(trend: Trend, rule: Values) -> Recommendation:
    """An ADD that is judged by the share of the vendor's dealers that carry the collection."""
    threshold, high_threshold = rule["min_carrier_share"], rule["high_carrier_share"]
    carrying, active = trend.carrying_dealer_count, trend.active_dealer_count
    high = carrying >= high_threshold * active
    facts = {
        **_facts(trend, threshold, high_threshold),
        "carrierPercent": percent(Fraction(carrying, max(1, active)), (threshold, high_threshold)),
        "activeDealerCount": active,
        "minCarriers": rule.count("min_carriers"),
    }
    place = f"{facts['carrierPercent']}% of the vendor's dealers carry it ({carrying} of {active})"
    if high:
        reason = (
            f"Carried almost everywhere but here: {place}, and from {facts['highThresholdPercent']}% it comes first."
        )
    else:
        reason = f"Widely carried, not here yet: {place}, and {facts['thresholdPercent']}% is enough to add it."
    added = _recommendation("ADD", trend, rule, threshold, facts, high=high, reason=reason)
    return replace(added, explanation={**added.explanation, "observed": carrying})


def _shift(swap: Swap, rule: Values) -> Recommendation:
    """A swap of size or finish, in one sentence: what the dealer has, what dealers prefer, the two trends."""
    high = swap.to_raw_trend - swap.from_raw_trend >= rule["high_delta"] * swap.trend_base
    shares = [Fraction(raw) / Fraction(swap.trend_base) for raw in (swap.from_raw_trend, swap.to_raw_trend)]
    from_percent, to_percent = _apart(*shares)
    facts = {
        "fromProductId": swap.from_product_id,
        "fromProductName": swap.from_product_name,
        "fromSku": swap.from_sku,
        "fromSize": swap.from_size,
        "fromFinish": swap.from_finish,
        "fromPercent": from_percent,
        "toProductId": swap.to_product_id,
        "toProductName": swap.to_product_name,
        "toSku": swap.to_sku,
        "toSize": swap.to_size,
        "toFinish": swap.to_finish,
        "toPercent": to_percent,
        "changes": swap.changes,
        "highThreshold": rule["high_delta"],
        "fromRawTrend": swap.from_raw_trend,
        "toRawTrend": swap.to_raw_trend,
        "trendBase": swap.trend_base,
        "fromCarryingDealerCount": swap.from_carrying_dealer_count,
        "toCarryingDealerCount": swap.to_carrying_dealer_count,
    }
    mine = _variant(swap.from_product_name, swap.from_size, swap.from_finish, swap.changes)
    theirs = _variant(swap.to_product_name, swap.to_size, swap.to_finish, swap.changes)
    to_count, from_count = swap.to_carrying_dealer_count, swap.from_carrying_dealer_count
    carry = "1 dealer carries" if to_count == 1 else f"{to_count} dealers carry"
    return Recommendation(
        type="SHIFT",
        priority="high" if high else "medium",
        collection_id=swap.collection_id,
        collection_name=swap.collection_name,
        trend_score=swap.to_trend,
        reason=(
            f"You {'selected' if swap.is_selected else 'display'} the {mine}; "
            f"dealers prefer the {theirs}: {to_percent}% against {from_percent}%."
        ),
        metrics=f"{carry} the one they prefer and {from_count} the other.",
        explanation={
            "ruleId": rule.rule_id,
            "observed": swap.delta,
            "threshold": rule["min_delta"],
            "inputs": facts,
        },
        swap=swap,
    )


def _variant(name: str, size: str | None, finish: str | None, changes: str) -> str:
    """A product's name with the size or finish that tells it from the other, unless the name says it already."""
    differing = ([size] if changes in ("size", "both") else []) + ([finish] if changes in ("finish", "both") else [])
    told = ", ".join(value for value in differing if value and value not in name)
    return f"{name} ({told})" if told else name


def _apart(low: Fraction, high: Fraction) -> tuple[Decimal, Decimal]:
    """Two shares as percentages, with as many decimals as it takes to see which is the larger."""
    for places in count():
        shown = [rounded(share * 100, places) for share in (low, high)]
        if shown[0] < shown[1]:
            return _plain(shown[0]), _plain(shown[1])
    raise AssertionError("unreachable: enough decimals tell any two numbers apart")


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
        collection_id=trend.collection_id,
        collection_name=trend.collection_name,
        trend_score=trend.normalized_trend,
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
