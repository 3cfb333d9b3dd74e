"""Lets the brands and dealers of `furnishings.py` do business for three years."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from runner.demo import furnishings
from runner.demo.files import SourceFiles
from runner.demo.seeded_random import SeededRandom

DEALERS_AT_FACTOR_1 = 150
YEARS_OF_MARKETS = 3
DAYS_OF_SELECTIONS = 700
DAYS_OF_SALES = 600
DAYS_BEYOND_AS_OF = 7  # nothing of these may be used anywhere

_ID_PREFIXES = {"Selection": "selection", "DisplayRecord": "display", "DealerSale": "sale"}


@dataclass(frozen=True)
class Market:
    """A trade market, as displays name it."""

    name: str
    opens: date


@dataclass(frozen=True)
class Dealer:
    """A dealer.

    Attributes:
        size: What it sells of a brand in a year, in quarters of a million.
        markets: The markets it goes to; none for a dealer who orders from the catalogue.
    """

    id: str
    size: float
    markets: Sequence[Market]


@dataclass(frozen=True)
class Collection:
    """A collection.

    Attributes:
        products: Ids.
        appeal: 0 to 1.
        is_rising: Dealers chose it the more often the newer the choice.
        is_fading: No dealer chose it lately.
        swap: The ids of two variants of one piece, the less wanted first.
    """

    products: Sequence[str]
    appeal: float
    is_rising: bool
    is_fading: bool
    swap: tuple[str, ...] = ()


def write(files: SourceFiles, rng: SeededRandom, factor: float, as_of: date) -> None:
    """Write all alignment tables."""
    ranges = [(brand, _write_brand(files, rng, brand)) for brand in furnishings.BRANDS]
    markets = markets_until(as_of + timedelta(days=DAYS_BEYOND_AS_OF))
    taken: set[str] = set()
    count = round(DEALERS_AT_FACTOR_1 * factor)
    for position in range(count):
        dealer = _write_dealer(files, rng, markets, taken)
        if position >= count - furnishings.INACTIVE_DEALERS:
            continue
        for brand, collections in ranges:
            # The first ten dealers know every brand, so that each brand has dealers of its own.
            if position < 10 or rng.chance(brand.share_of_dealers):  # noqa: PLR2004
                _Business(files, rng, as_of, dealer, brand).write(collections)


def markets_until(last: date) -> list[Market]:
    """The markets that opened in the last three years, oldest first."""
    return [
        Market(f"{label} {year} {city}", date(year, month, day))
        for year in range(last.year - YEARS_OF_MARKETS, last.year + 1)
        for month, label, city, day in furnishings.MARKETS
        if last - timedelta(days=365 * YEARS_OF_MARKETS) < date(year, month, day) <= last
    ]


def slug(name: str) -> str:
    """A name as an id: "Ellery + Vance Interiors" is ellery-vance-interiors."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _write_brand(files: SourceFiles, rng: SeededRandom, brand: furnishings.Brand) -> list[Collection]:
    collections = []
    names = [*brand.collections, *([brand.announced] if brand.announced else [])]
    for rank, name in enumerate(names):
        collection_id = f"{brand.slug}-{slug(name)}"
        files.add_named("Collection", collection_id, name, brand.slug, max(0, 3 - rank))
        if name == brand.announced:
            continue
        products: list[str] = []
        for piece, kind, size, finishes in rng.sample(furnishings.PIECES, rng.whole(5, 8)):
            finish = rng.pick(finishes)
            number = 1000 + rank * 20 + len(products)
            products.append(
                files.add_named(
                    "Product",
                    f"{collection_id}-{slug(piece)}",
                    f"{brand.prefix}-{number}",
                    f"{name} {piece}",
                    ", ".join(part for part in (f"{name} {piece.lower()}", size, finish and finish.lower()) if part),
                    collection_id,
                    kind,
                    size,
                    finish,
                )
            )
        swap = _write_swap(files, brand, collection_id, name, 1000 + rank * 20 + len(products))
        is_rising, is_fading = name in brand.rising, name in brand.fading
        collections.append(Collection(products, brand.appeal[rank], is_rising, is_fading, swap))
    return collections


def _write_swap(
    files: SourceFiles, brand: furnishings.Brand, collection_id: str, name: str, number: int
) -> tuple[str, ...]:
    """Write the two variants of a collection's piece, if it has such a pair."""
    return tuple(
        files.add_named(
            "Product",
            f"{collection_id}-{slug(swap.piece)}-{slug(size if ending else finish)}",
            f"{brand.prefix}-{number + place}",
            f"{name} {swap.piece}{ending}",
            f"{name} {swap.piece.lower()}, {size}, {finish.lower()}",
            collection_id,
            swap.piece,
            size,
            finish,
        )
        for swap in furnishings.SWAPS
        if (swap.brand, swap.collection) == (brand.slug, name)
        for place, (ending, size, finish) in enumerate((swap.less_wanted, swap.more_wanted))
    )


def _write_dealer(files: SourceFiles, rng: SeededRandom, markets: Sequence[Market], taken: set[str]) -> Dealer:
    kind = rng.pick(furnishings.DEALER_TYPES)
    name = _dealer_name(rng, kind, taken)
    dealer_id = files.add_named("Dealer", slug(name), name, rng.pick(furnishings.REGIONS), kind)
    size = 0.1 + 1.7 * rng.random() ** 3
    if rng.chance(furnishings.CATALOGUE_ONLY_SHARE):
        return Dealer(dealer_id, size, ())
    return Dealer(dealer_id, size, rng.sample(markets, rng.whole(1, 2 + round(4 * size))))


def _dealer_name(rng: SeededRandom, kind: str, taken: set[str]) -> str:
    """A name nobody has yet; when the short ones run out, one with the founders' names in front."""
    while True:
        first, second = rng.pick(furnishings.DEALER_SURNAMES), rng.pick(furnishings.DEALER_SURNAMES)
        pattern = rng.pick(furnishings.DEALER_NAMES[kind])
        name = pattern.format(first, second)
        if slug(name) in taken:
            name = pattern.format(f"{second} {first}", rng.pick(furnishings.DEALER_SURNAMES))
        if first != second and slug(name) not in taken:
            taken.add(slug(name))
            return name


class _Business:
    """What one dealer does with one brand."""

    def __init__(
        self, files: SourceFiles, rng: SeededRandom, as_of: date, dealer: Dealer, brand: furnishings.Brand
    ) -> None:
        self._files = files
        self._rng = rng
        self._as_of = as_of
        self._dealer = dealer
        self._brand = brand

    def write(self, collections: Sequence[Collection]) -> None:
        """Write the dealer's selections, displays and sales of the brand's products."""
        rng = self._rng
        for collection in collections:
            interest = (
                furnishings.LOOK_INTO_ANYWAY
                + (furnishings.LOOK_INTO - furnishings.LOOK_INTO_ANYWAY) * collection.appeal
            )
            if not rng.chance(interest):
                continue
            products = rng.sample(collection.products, rng.whole(2, 4))
            carried = [product for product in products if self._select(product, collection)]
            if collection.swap:
                self._choose_variant(*collection.swap)
            if self._dealer.markets and rng.chance(0.5 + 0.4 * self._dealer.size):
                self._display(carried or products[:1])
                self._sell(carried)

    def _choose_variant(self, less_wanted: str, more_wanted: str) -> None:
        """Select one of two variants, or none. The chance is the dealer's own, so that the rest stays what it was."""
        own = _Business(
            self._files, SeededRandom(f"{self._dealer.id} {more_wanted}"), self._as_of, self._dealer, self._brand
        )
        drawn = own._rng.random()
        if drawn < furnishings.CHOOSE_MORE_WANTED + furnishings.CHOOSE_LESS_WANTED:
            product = more_wanted if drawn < furnishings.CHOOSE_MORE_WANTED else less_wanted
            own._add("Selection", product, "SELECTED", "Showroom", own._moment(DAYS_OF_SELECTIONS))

    def _select(self, product: str, collection: Collection) -> bool:
        """Write what the dealer thinks of a product of a collection.

        Returns:
            Whether it will carry the product.
        """
        drawn = self._rng.random()
        status = next(status for bound, status in furnishings.STATUS_STEPS if drawn < bound)
        if self._brand.takes_selections:
            source = self._rng.pick(furnishings.SELECTION_SOURCES)
            self._add(
                "Selection", product, status, source, self._in_fashion(self._moment(DAYS_OF_SELECTIONS), collection)
            )
        return status in ("SELECTED", "MUST_CARRY")

    def _in_fashion(self, moment: datetime, collection: Collection) -> datetime:
        """The moment moved to when a rising or fading collection was chosen; none passes the as-of date."""
        days = DAYS_OF_SELECTIONS - DAYS_BEYOND_AS_OF
        age = (self._as_of - moment.date()).days
        if age < 0 or not (collection.is_rising or collection.is_fading):
            return moment
        if collection.is_rising:
            moved = age * age // days
        else:
            moved = furnishings.DAYS_OUT_OF_FAVOUR + age * (days - furnishings.DAYS_OUT_OF_FAVOUR) // days
        return moment + timedelta(days=age - moved)

    def _display(self, products: Sequence[str]) -> None:
        """Write displays, ordered at a market or within the weeks after; some products are ordered once more."""
        rng = self._rng
        for product in products:
            markets = rng.sample(self._dealer.markets, 2 if rng.chance(0.2) else 1)
            for market in markets:
                ordered = datetime.combine(market.opens, time(rng.whole(9, 17), 30)) + timedelta(days=rng.whole(0, 20))
                is_new = market is self._dealer.markets[0]
                self._add("DisplayRecord", product, ordered, market.name, "true" if is_new else "false")

    def _sell(self, products: Sequence[str]) -> None:
        """Write sales where the brand reports them, amounts in whole cents."""
        age = self._brand.sales_age_days
        if age is None:
            return
        rng = self._rng
        for product in products:
            for _ in range(rng.whole(1, 1 + round(14 * self._dealer.size))):
                cents = round(rng.between(60_000, 720_000))
                self._add("DealerSale", product, self._moment(DAYS_OF_SALES, age), f"{cents // 100}.{cents % 100:02d}")

    def _add(self, table: str, product: str, *values: object) -> None:
        number = self._files.counts[table] + 1
        self._files.add_named(table, f"{_ID_PREFIXES[table]}-{number}", self._dealer.id, product, *values)

    def _moment(self, days: int, age: int = 0) -> datetime:
        """A moment in the last `days` days, `age` days ago at the latest, or a few days beyond the as-of date."""
        rng = self._rng
        last = self._as_of + timedelta(days=-age if age else DAYS_BEYOND_AS_OF)
        day = last - timedelta(days=rng.whole(0, days))
        return datetime.combine(day, time(rng.whole(8, 18), rng.whole(0, 59)))
