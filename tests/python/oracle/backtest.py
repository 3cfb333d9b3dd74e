"""The back-test from its definition: plain loops over displays, exact fractions, no SQL.

`expected(displays, collections, cut_off, follow)` gives for each vendor and ranking what is counted of ADD and DROP.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import floor

from oracle.alignment import two_years_before


@dataclass(frozen=True)
class Display:
    """A display as staged: the product stands for its collection's only one."""

    dealer: str
    product: str
    market: str
    on: date


@dataclass(frozen=True)
class Sale:
    dealer: str
    product: str
    amount: int
    on: date


@dataclass(frozen=True)
class World:
    """Products and collections (vendor, name), and what dealers did."""

    collections: Mapping[str, tuple[str, str]]
    products: Mapping[str, str]
    displays: list[Display]
    sales: list[Sale]

    def vendor(self, product: str) -> str:
        return self.collections[self.products[product]][0]


Counts = dict[tuple[str, str, str], tuple[int, int, int, int, Fraction]]


def expected(  # noqa: C901 - one definition
    world: World, cut_off: date, follow: int, min_carrier_share: Fraction | None = None, quiet_days: int | None = None
) -> Counts:
    """(vendor, advice, ranking) -> dealers, candidates, adoptions, advised, hits."""
    last = {
        (d.dealer, world.products[d.product]): d.on
        for d in sorted(world.displays, key=lambda d: d.on)
        if d.on <= cut_off
    }
    known = [display for display in world.displays if display.on <= cut_off]
    end = cut_off + timedelta(follow)
    after = {(d.dealer, world.products[d.product]) for d in world.displays if cut_off < d.on <= end}
    in_window = [sale for sale in world.sales if cut_off < sale.on <= end]
    sold = {(sale.dealer, world.products[sale.product]) for sale in in_window if sale.amount > 0}
    carried = {(d.dealer, world.products[d.product]) for d in known}
    counts: Counts = {}
    for vendor in sorted({vendor for vendor, _ in world.collections.values()}):
        own = [d for d in known if world.vendor(d.product) == vendor]
        population = {d.dealer for d in own if d.on > cut_off - timedelta(365)}
        trend = trends(world, vendor, own, known, cut_off)
        base = max([Fraction(1), *trend.values()])
        carriers = {key: sum(c == key for _, c in carried) for key in trend}
        name = {key: (world.collections[key][1], key) for key in trend}

        add = {ranking: (0, Fraction(0)) for ranking in ("rule", "trend", "carriers", "random")}
        drop = {ranking: (0, Fraction(0)) for ranking in ("rule", "random")}
        candidates = adoptions = held = gone = 0
        for dealer in population:
            open_to = [key for key in trend if (dealer, key) not in carried and carriers[key]]
            adopted = {key for key in open_to if (dealer, key) in after}
            candidates, adoptions = candidates + len(open_to), adoptions + len(adopted)
            gate = [key for key in open_to if trend[key] >= Fraction(7, 10) * base]
            if min_carrier_share is not None:
                active = len({d.dealer for d in own})
                gate = [key for key in open_to if carriers[key] >= min_carrier_share * active]
            lists = {
                "rule": strongest(gate, carriers, name)[:5],
                "trend": strongest(open_to, trend, name)[:5],
                "carriers": strongest(open_to, carriers, name)[:5],
            }
            for ranking, listed in lists.items():
                advised, hits = add[ranking]
                add[ranking] = advised + len(listed), hits + len(adopted & set(listed))
            if open_to:
                advised, hits = add["random"]
                size = min(5, len(open_to))
                add["random"] = advised + size, hits + Fraction(size * len(adopted), len(open_to))
            mine = [key for key in trend if (dealer, key) in carried]
            lost = {key for key in mine if (dealer, key) not in after | sold}
            held, gone = held + len(mine), gone + len(lost)
            weak = [key for key in mine if trend[key] < Fraction(3, 10) * base]
            if quiet_days is not None:
                weak = [key for key in weak if (cut_off - last[dealer, key]).days >= quiet_days]
            listed = strongest(weak, {key: -trend[key] for key in weak}, name)[:3]
            drop["rule"] = drop["rule"][0] + len(listed), drop["rule"][1] + len(lost & set(listed))
            if mine:
                by_chance = Fraction(len(listed) * len(lost), len(mine))
                drop["random"] = drop["random"][0] + len(listed), drop["random"][1] + by_chance
        for ranking, (advised, hits) in add.items():
            counts[vendor, "ADD", ranking] = len(population), candidates, adoptions, advised, hits
        if any(world.vendor(sale.product) == vendor for sale in in_window):
            for ranking, (advised, hits) in drop.items():
                counts[vendor, "DROP", ranking] = len(population), held, gone, advised, hits
    return counts


def strongest(
    keys: Iterable[str], by: Mapping[str, Fraction] | Mapping[str, int], name: Mapping[str, tuple[str, str]]
) -> list[str]:
    """The keys with the largest value first; ties by name, then id."""
    return sorted(keys, key=lambda key: (-by[key], name[key]))


def trends(world: World, vendor: str, own: list[Display], known: list[Display], cut_off: date) -> dict[str, Fraction]:
    """Each collection's trend: every dealer × product displayed counts as SELECTED, weighed by influence."""
    scores = {}
    for dealer in {d.dealer for d in own}:
        shown = [d for d in own if d.dealer == dealer]
        visits = {d.market for d in known if d.dealer == dealer and d.on >= two_years_before(cut_off)}
        volume = min(Fraction(5000 * len(shown), 500000), Fraction(1))
        breadth = min(Fraction(len({world.products[d.product] for d in shown}), 20), Fraction(1))
        participation = min(Fraction(len(visits), 4), Fraction(1))
        points = 50 * volume + 30 * breadth + 20 * participation
        scores[dealer] = floor(points + Fraction(1, 2))
    positive = sorted(score for score in scores.values() if score)
    neutral = positive[(len(positive) + 1) // 2 - 1] if positive else 50
    total = {key: Fraction(0) for key, (whose, _) in world.collections.items() if whose == vendor}
    for dealer, product in {(d.dealer, d.product) for d in own}:
        total[world.products[product]] += Fraction((scores[dealer] or neutral) * 3, 100)
    return total
