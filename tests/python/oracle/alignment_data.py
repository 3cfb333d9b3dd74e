"""Alignment data sets made of edge cases, and of chance with many ties."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from oracle.alignment import Collection, Dealer, Display, Product, Sale, Selection, Sources, two_years_before

STATUSES = ("PASSED", "INTERESTED", "SELECTED", "MUST_CARRY")

# Scores are sales / 10,000 + 1.5 per displayed collection + 5 per market: these lie on and around the halves.
AMOUNTS = (
    "0",
    "-40000",
    "2499.99",
    "2500",
    "5000",
    "4999.9999",
    "0.01",
    "14999.99",
    "15000",
    "499999.99",
    "500000",
    "9e6",
)


class Market:
    """An application's tables, written activity by activity relative to an as-of date in a time zone."""

    def __init__(self, as_of: date, zone: str) -> None:
        self.as_of = as_of
        self.zone = zone
        self.sources = Sources()

    def dealer(self, dealer_id: str, name: str | None = None) -> str:
        """A dealer, new or known."""
        self.sources.dealers.setdefault(dealer_id, Dealer(name or f"Dealer {dealer_id}", region=None))
        return dealer_id

    def collection(self, vendor: str, products: int = 1, name: str = "Same Name") -> list[str]:
        """A new collection with so many products; their ids."""
        collection_id = f"{vendor}/{len(self.sources.collections)}"
        self.sources.collections[collection_id] = Collection(name, vendor, priority=products)
        ids = [f"{collection_id}/{number}" for number in range(products)]
        for product_id in ids:
            self.sources.products[product_id] = Product(f"sku {product_id}", "Chair", collection_id, "A chair")
        return ids

    def selects(self, dealer: str, product: str, status: str, at: datetime | None = None) -> None:
        """A selection; a dealer has one per product, so a second one is left out."""
        known = ((row.dealer_id, row.product_id) for row in self.sources.selections)
        if (dealer, product) not in known:
            self.sources.selections.append(Selection(self.dealer(dealer), product, status, at or self.ago(40)))

    def displays(self, dealer: str, product: str, market: str = "Jan 2025 Dallas", at: datetime | None = None) -> None:
        """A display; a dealer has one per product and market, so a second one is left out."""
        known = ((row.dealer_id, row.product_id, row.market) for row in self.sources.displays)
        if (dealer, product, market) not in known:
            self.sources.displays.append(Display(self.dealer(dealer), product, at or self.ago(40), market))

    def sells(self, dealer: str, product: str, amount: str, at: datetime | None = None) -> None:
        """A sale."""
        self.sources.sales.append(Sale(self.dealer(dealer), product, at or self.ago(40), Fraction(amount)))

    def ago(self, days: int, at: time = time(12)) -> datetime:
        """The UTC timestamp without zone of a local time so many business dates before the as-of date."""
        return self.moment(self.as_of - timedelta(days), at)

    def moment(self, day: date, at: time) -> datetime:
        """The UTC timestamp without zone of a local time."""
        return datetime.combine(day, at, ZoneInfo(self.zone)).astimezone(UTC).replace(tzinfo=None)


def edge_cases(market: Market) -> None:
    """Vendors that are each about one trap."""
    for trap in (halves, thresholds, nothing_yet, sales_windows, visits, crowds, assortments):
        trap(market)


def halves(market: Market) -> None:
    """Scores on and beside halves, and ties."""
    first, second, third = (market.collection("halves", 2) for _ in range(3))
    for number, amount in enumerate(AMOUNTS):
        dealer = f"half-{number}"
        market.displays(dealer, first[0])
        market.sells(dealer, first[0], amount)
        if number % 2:
            market.displays(dealer, second[0], "Jun 2024 Dallas")
        market.selects(dealer, third[number % 2], STATUSES[number % 4])
    market.sells("half-2", first[0], "-2499.99")


def thresholds(market: Market) -> None:
    """Nobody has a track record, so everyone weighs 50, and trends of 10 : 7 : 6 : 5 : 3 : 1 lie on the thresholds."""
    for number, statuses in enumerate(["4420", "3400", "2400", "1400", "3000", "1000", "0000"]):
        product = market.collection("thresholds", name=f"Collection {9 - number}")[0]
        for place, status in enumerate(statuses):
            if status != "0":
                market.selects(f"new-{place}", product, STATUSES[int(status) - 1])


def nothing_yet(market: Market) -> None:
    """Nothing up to the as-of date; a collection without products."""
    late = market.collection("later")
    market.selects("tomorrow", late[0], "MUST_CARRY", market.ago(-1, time(0)))
    market.displays("tomorrow", late[0], at=market.ago(-1, time(0)))
    market.sells("tomorrow", late[0], "100", market.ago(-1, time(0)))
    market.collection("empty", products=0)


def sales_windows(market: Market) -> None:
    """The only sale is by a dealer that is not active; the only sales are too old, or too new."""
    for vendor, sold_at in (
        ("sold-by-others", market.ago(364, time(0))),
        ("sold-long-ago", market.ago(365, time(23, 59, 59, 999000))),
        ("sold-tomorrow", market.ago(-1, time(0))),
    ):
        product = market.collection(vendor)[0]
        market.displays("shower", product)
        market.sells("seller", product, "777.77", sold_at)


def visits(market: Market) -> None:
    """The first and the last moment at which a visit counts, the ones next to them, another vendor's market."""
    product = market.collection("visits", 6)
    first = two_years_before(market.as_of)
    market.displays("visitor", product[0], "A", market.moment(first, time(0)))
    market.displays("visitor", product[1], "B", market.moment(first - timedelta(1), time(23, 59, 59, 999000)))
    market.displays("visitor", product[2], "C", market.ago(0, time(23, 59, 59, 999000)))
    market.displays("visitor", product[3], "D", market.ago(-1, time(0)))
    market.displays("visitor", product[4], "A")
    market.displays("visitor", market.collection("visits-elsewhere")[0], "E")


def crowds(market: Market) -> None:
    """Dealers on both sides of a tenth, with a tie over the limit."""
    for size in (9, 10, 11, 21):
        products = market.collection(f"crowd-{size}", 3)
        for number in range(size):
            market.displays(f"crowd-{number}", products[number % 3 if number > 2 else 0], f"M{number % 4}")
            market.displays(f"crowd-{number}", products[0], f"M{number % 2}")


def assortments(market: Market) -> None:
    """One, two, four and five carried collections, and none."""
    products = [market.collection("assortment")[0] for _ in range(6)]
    for count in (1, 2, 4, 5):
        for product_id in products[:count]:
            market.selects(f"carries-{count}", product_id, "SELECTED" if count % 2 else "MUST_CARRY")
    market.selects("carries-0", products[5], "PASSED")
    market.selects("carries-0", products[4], "INTERESTED")


def chance(market: Market, generator: random.Random, vendors: int) -> None:
    """Vendors of every small size, with activity on the edges of days, windows and zones."""
    days = (0, 0, 1, 5, 29, 30, 40, 89, 90, 91, 364, 365, 400, 730, 731, 732, -1, -1, -5)
    times = (time(0), time(0, 0, 0, 1000), time(12), time(23, 59, 59, 999000), time(4, 59, 59, 999000), time(5))

    def moment() -> datetime:
        local = market.ago(generator.choice(days), generator.choice(times))
        return local if generator.random() < 0.7 else datetime.combine(local.date(), generator.choice(times))

    for number in range(vendors):
        vendor = f"vendor-{number}"
        products = [
            product
            for _ in range(generator.randint(1, 7))
            for product in market.collection(vendor, generator.randint(0, 3))
        ]
        dealers = [f"d{generator.randint(0, 30)}" for _ in range(generator.randint(1, 25))]
        if not products:
            continue
        sells = generator.random() < 0.5
        shows = generator.random()
        for dealer in dealers:
            for _ in range(generator.randint(0, 6)):
                market.selects(dealer, generator.choice(products), generator.choice(STATUSES), moment())
            for _ in range(generator.randint(0, 4) if generator.random() < shows else 0):
                market.displays(dealer, generator.choice(products), f"Market {generator.randint(1, 5)}", moment())
            for _ in range(generator.randint(0, 2) if sells else 0):
                market.sells(dealer, generator.choice(products), generator.choice(AMOUNTS), moment())


def rows_for_copy(sources: Sources) -> dict[str, tuple[Sequence[str], list[Sequence[object]]]]:
    """Table -> its columns and rows, as the application would hold them; only columns that are always there."""
    return {
        "Dealer": (
            ("id", "name", "region", "dealerType"),
            [(key, row.name, row.region, row.type) for key, row in sources.dealers.items()],
        ),
        "Collection": (
            ("id", "name", "vendorId", "priority"),
            [(key, row.name, row.vendor_id, row.priority) for key, row in sources.collections.items()],
        ),
        "Product": (
            ("id", "sku", "name", "description", "collectionId"),
            [(key, row.sku, row.name, row.description, row.collection_id) for key, row in sources.products.items()],
        ),
        "Selection": (
            ("id", "dealerId", "productId", "status", "source", "createdAt"),
            [
                (f"s{number}", row.dealer_id, row.product_id, row.status, "eCat", row.at)
                for number, row in enumerate(sources.selections)
            ],
        ),
        "DisplayRecord": (
            ("id", "dealerId", "productId", "displayOrderDate", "sourceMarket", "newToDealer"),
            [
                (f"r{number}", row.dealer_id, row.product_id, row.at, row.market, False)
                for number, row in enumerate(sources.displays)
            ],
        ),
        "DealerSale": (
            ("id", "dealerId", "productId", "soldAt", "amount"),
            [
                (f"x{number}", row.dealer_id, row.product_id, row.at, str(float(row.amount)))
                for number, row in enumerate(sources.sales)
            ],
        ),
    }
