"""Similarity, centrality and SHIFT from their definitions: plain loops over exact fractions, no SQL and no shortcut.

`marts(…)` gives for each mart the rows it must hold, as dicts of column -> value.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from math import ceil
from typing import Any

from oracle import alignment
from oracle.alignment import CARRYING, SELECTION_WEIGHTS, Row, Sources, rounded

KEYS = {
    "similar_products": ("product_id", "similar_rank"),
    "similar_dealers": ("dealer_id", "similar_rank"),
    "shift_opportunities": ("vendor_id", "dealer_id", "shift_rank"),
    "dealer_centrality": ("vendor_id", "dealer_id"),
    "product_factors": ("product_id",),
}

ITERATIONS = 20
LARGEST = 10**9


@dataclass(frozen=True)
class Tuning:
    """The vars that matter."""

    carry_window_days: int | None = None
    similar_min_dealers: int = 5
    enable_centrality: bool = True
    trend_method: str = "weighted"
    trendsetter_method: str = "score"


def marts(sources: Sources, as_of: date, zone: str, tuning: Tuning) -> dict[str, list[Row]]:
    """The new marts as of a date, with what is needed of the old ones."""
    past = alignment._up_to(sources, as_of, zone)
    carrying = alignment._within(past, as_of, zone, tuning.carry_window_days)
    old = alignment.marts(sources, as_of, zone, None, tuning.carry_window_days)
    centrality, factors = centrality_and_factors(past, old["dealer_influence"], tuning.enable_centrality)
    raw = {row["product_id"]: row["raw_trend"] for row in old["sku_trends"]}
    if tuning.trend_method == "factor":
        factor = {row["product_id"]: row["factor"] for row in factors}
        raw = {key: 100 * (factor[key] or Fraction(0)) for key in raw}
    return {
        "similar_products": similar_products(past, tuning.similar_min_dealers),
        "similar_dealers": similar_dealers(carrying),
        "shift_opportunities": shift_opportunities(past, carrying, raw),
        "dealer_centrality": centrality,
        "product_factors": factors,
    }


def similar_products(past: Sources, min_dealers: int) -> list[Row]:  # noqa: C901 - one definition
    """Per product the 20 most similar of its vendor."""
    chosen: dict[str, set[str]] = defaultdict(set)
    for selection in past.selections:
        if selection.status != "PASSED":
            chosen[selection.product_id].add(selection.dealer_id)
    rows = []
    for vendor in sorted({past.vendor_of(key) for key in past.products}):
        products = sorted(key for key in past.products if past.vendor_of(key) == vendor)
        vectors = word_vectors(past, products)
        for one in products:
            by_dealers, by_text = [], []
            for other in products:
                if one == other:
                    continue
                shared = len(chosen[one] & chosen[other])
                sizes = len(chosen[one]), len(chosen[other])
                if min(sizes) >= min_dealers:
                    if shared:
                        by_dealers.append(
                            ((-Fraction(shared**2, sizes[1]), other), root(Fraction(shared**2, sizes[0] * sizes[1])))
                        )
                    continue
                dot = sum((weight * vectors[other].get(word, 0) for word, weight in vectors[one].items()), Fraction(0))
                if dot:
                    norms = [sum(weight**2 for weight in vectors[key].values()) for key in (one, other)]
                    by_text.append(((-(dot**2) / norms[1], other), root(dot**2 / (norms[0] * norms[1]))))
            ranked = [("selections", *pair) for pair in sorted(by_dealers)] + [
                ("text", *pair) for pair in sorted(by_text)
            ]
            for place, (basis, (_, other), similarity) in enumerate(ranked[:20], 1):
                rows.append(
                    {
                        "vendor_id": vendor,
                        "product_id": one,
                        "sku": past.products[one].sku,
                        "product_name": past.products[one].name,
                        "similar_product_id": other,
                        "similar_sku": past.products[other].sku,
                        "similar_product_name": past.products[other].name,
                        "similarity": similarity,
                        "basis": basis,
                        "similar_rank": place,
                        "shared_dealer_count": len(chosen[one] & chosen[other]),
                    }
                )
    return rows


def word_vectors(past: Sources, products: list[str]) -> dict[str, dict[str, Fraction]]:
    """Each product's words with how often it says them × ln(products / products that say them), to 12 decimals."""
    said = {}
    for key in products:
        product = past.products[key]
        fields = (product.name, product.description, product.product_type, product.size, product.finish)
        text = " ".join(field for field in fields if field)
        lower = "".join(char.lower() if "A" <= char <= "Z" else char for char in text)
        said[key] = Counter(word for word in re.findall("[a-z0-9\u0080-\U0010ffff]+", lower) if len(word) > 1)
    spread = Counter(word for words in said.values() for word in words)
    return {
        key: {
            word: times * logarithm(len(products), spread[word])
            for word, times in words.items()
            if spread[word] < len(products)
        }
        for key, words in said.items()
    }


def logarithm(numerator: int, denominator: int) -> Fraction:
    """ln(numerator / denominator), rounded to 12 decimals."""
    with localcontext(prec=60):
        value = (Decimal(numerator).ln() - Decimal(denominator).ln()).quantize(Decimal("1e-12"), ROUND_HALF_UP)
    return Fraction(value)


def root(square: Fraction) -> Fraction:
    """The square root, rounded to 12 decimals."""
    with localcontext(prec=120):
        value = (Decimal(square.numerator) / Decimal(square.denominator)).sqrt()
        return Fraction(value.quantize(Decimal("1e-12"), ROUND_HALF_UP))


def similar_dealers(carrying: Sources) -> list[Row]:
    """Per dealer the 50 most similar by what they carry."""
    held: dict[str, set[str]] = defaultdict(set)
    for selection in carrying.selections:
        if selection.status in CARRYING:
            held[selection.dealer_id].add(carrying.collection_of(selection.product_id))
    for display in carrying.displays:
        held[display.dealer_id].add(carrying.collection_of(display.product_id))
    rows = []
    for one, own in held.items():
        pairs = []
        for other, theirs in held.items():
            shared = len(own & theirs)
            if one != other and shared:
                pairs.append((-Fraction(shared**2, len(theirs)), other, shared))
        for place, (_, other, shared) in enumerate(sorted(pairs)[:50], 1):
            rows.append(
                {
                    "dealer_id": one,
                    "dealer_name": carrying.dealers[one].name,
                    "similar_dealer_id": other,
                    "similar_dealer_name": carrying.dealers[other].name,
                    "shared_count": shared,
                    "carried_count": len(own),
                    "similar_carried_count": len(held[other]),
                    "similarity": root(Fraction(shared**2, len(own) * len(held[other]))),
                    "similar_rank": place,
                }
            )
    return rows


def shift_opportunities(past: Sources, carrying: Sources, raw: Mapping[str, Fraction]) -> list[Row]:  # noqa: C901
    """What a dealer should swap for another size or finish."""
    selected: dict[str, set[str]] = defaultdict(set)
    shown: dict[str, set[str]] = defaultdict(set)
    for selection in carrying.selections:
        if selection.status in CARRYING:
            selected[selection.product_id].add(selection.dealer_id)
    for display in carrying.displays:
        shown[display.product_id].add(display.dealer_id)

    def carriers(product: str) -> set[str]:
        return selected[product] | shown[product]

    rows = []
    for vendor in sorted({past.vendor_of(key) for key in past.products}):
        own = [key for key in past.products if past.vendor_of(key) == vendor]
        base = max([Fraction(1), *(raw[key] for key in own)])
        for dealer in {dealer for key in own for dealer in carriers(key)}:
            swaps = []
            for one in own:
                if dealer not in carriers(one):
                    continue
                targets = [
                    (-raw[other], past.products[other].name, other)
                    for other in own
                    if dealer not in carriers(other)
                    and differs(past.products[one], past.products[other])
                    and raw[other] - raw[one] > Fraction(3, 10) * base
                ]
                if targets:
                    other = min(targets)[2]
                    swaps.append((raw[one] - raw[other], past.products[one].name, one, other))
            for place, (minus_delta, _, one, other) in enumerate(sorted(swaps)[:3], 1):
                weaker, stronger = past.products[one], past.products[other]
                rows.append(
                    {
                        "vendor_id": vendor,
                        "dealer_id": dealer,
                        "dealer_name": past.dealers[dealer].name,
                        "collection_id": weaker.collection_id,
                        "collection_name": past.collections[weaker.collection_id].name,
                        "product_type": weaker.product_type,
                        "from_product_id": one,
                        "from_product_name": weaker.name,
                        "from_sku": weaker.sku,
                        "from_size": weaker.size,
                        "from_finish": weaker.finish,
                        "to_product_id": other,
                        "to_product_name": stronger.name,
                        "to_sku": stronger.sku,
                        "to_size": stronger.size,
                        "to_finish": stronger.finish,
                        "changes": differs(weaker, stronger),
                        "is_selected": dealer in selected[one],
                        "from_raw_trend": raw[one],
                        "to_raw_trend": raw[other],
                        "trend_base": base,
                        "from_trend": rounded(raw[one] / base, 12),
                        "to_trend": rounded(raw[other] / base, 12),
                        "delta": rounded(-minus_delta / base, 12),
                        "from_carrying_dealer_count": len(carriers(one)),
                        "to_carrying_dealer_count": len(carriers(other)),
                        "shift_rank": place,
                        "shift_count": len(swaps),
                    }
                )
    return rows


def differs(one: Any, other: Any) -> str | None:
    """What tells two products of one collection and type apart: size, finish, both or nothing."""
    if one.collection_id != other.collection_id or one.product_type is None or one.product_type != other.product_type:
        return None
    size = None not in (one.size, other.size) and one.size != other.size
    finish = None not in (one.finish, other.finish) and one.finish != other.finish
    return "both" if size and finish else "size" if size else "finish" if finish else None


def centrality_and_factors(past: Sources, influence: list[Row], enabled: bool) -> tuple[list[Row], list[Row]]:  # noqa: C901
    """Power iteration per component of the graph of who chose what."""
    if not enabled:
        return [], []
    ties: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for selection in past.selections:
        weight = SELECTION_WEIGHTS[selection.status] - SELECTION_WEIGHTS["PASSED"]
        if weight > 0:
            ties[past.vendor_of(selection.product_id), selection.dealer_id][selection.product_id] = weight
    place: dict[tuple[str, str], tuple[str, int, Fraction, Fraction]] = {}
    factor: dict[str, Fraction] = {}
    for members in components(ties):
        dealers = dict.fromkeys(members, LARGEST)
        products: dict[str, int] = {}
        before = dealers
        for _ in range(ITERATIONS):
            before = dealers
            sums: dict[str, int] = defaultdict(int)
            for dealer in members:
                for product, weight in ties[dealer].items():
                    sums[product] += weight * dealers[dealer]
            products = scaled(sums)
            dealers = scaled({d: sum(w * products[p] for p, w in ties[d].items()) for d in members})
        moved = Fraction(max(abs(dealers[key] - before[key]) for key in members), LARGEST)
        for dealer in members:
            place[dealer] = min(d for _, d in members), len(members), Fraction(dealers[dealer], LARGEST), moved
        if len(members) >= 5:
            factor |= {key: Fraction(value, LARGEST) for key, value in products.items()}
    centrality = []
    for row in influence:
        key = row["vendor_id"], row["dealer_id"]
        component, size, value, moved = place.get(key, (None, 0, None, None))
        centrality.append(
            {
                "vendor_id": key[0],
                "dealer_id": key[1],
                "dealer_name": row["dealer_name"],
                "component_id": component,
                "component_dealer_count": size,
                "centrality": value if size >= 5 else None,
                "moved": moved if size >= 5 else None,
            }
        )
    factors = []
    for key, product in past.products.items():
        vendor = past.vendor_of(key)
        rivals = [factor[other] for other in factor if past.vendor_of(other) == vendor]
        own = factor.get(key)
        factors.append(
            {
                "vendor_id": vendor,
                "product_id": key,
                "sku": product.sku,
                "product_name": product.name,
                "factor": own,
                "factor_rank": None if own is None else 1 + sum(rival > own for rival in rivals),
            }
        )
    return centrality, factors


def scaled(sums: Mapping[Any, int]) -> dict[Any, int]:
    """The numbers as shares of the largest, times 10⁹, rounded half away from zero."""
    largest = max(sums.values())
    return {key: int(rounded(Fraction(LARGEST * value, largest))) for key, value in sums.items()}


def components(ties: Mapping[tuple[str, str], Mapping[str, int]]) -> Iterable[list[tuple[str, str]]]:
    """The dealers linked through products, found by walking."""
    choosers: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for dealer, products in ties.items():
        for product in products:
            choosers[product].append(dealer)
    left = set(ties)
    while left:
        reached, edge = set(), [min(left)]
        while edge:
            dealer = edge.pop()
            if dealer not in reached:
                reached.add(dealer)
                edge += [other for product in ties[dealer] for other in choosers[product]]
        left -= reached
        yield sorted(reached)


def central_trendsetters(centrality: list[Row]) -> set[tuple[str, str]]:
    """The top tenth of a vendor's active dealers by centrality, above its median."""
    found = set()
    for vendor in {row["vendor_id"] for row in centrality}:
        own = [row for row in centrality if row["vendor_id"] == vendor]
        known = sorted(row["centrality"] for row in own if row["centrality"] is not None)
        for row in own:
            value = row["centrality"]
            if value is None or value <= known[(len(known) + 1) // 2 - 1]:
                continue
            if 1 + sum(other > value for other in known) <= ceil(Fraction(len(own), 10)):
                found.add((vendor, row["dealer_id"]))
    return found
