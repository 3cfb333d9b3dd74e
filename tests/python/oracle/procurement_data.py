"""Small procurement data sets made of edge cases, and one of plain chance."""

import random
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate

from oracle.procurement import Invoice, Item, Line, Sources

Number = int | str
NOON = time(12)

# Branch 0 and -1 are ids like any other: nothing may use such a value to mean "none".
UPTOWN, DOWNTOWN, HARBOR, ZERO, MINUS = 1, 2, 3, 0, -1
ALFA, BRAVO, CHARLIE, DELTA = 1, 2, 3, 0


class Book:
    """An application's books, written order by order relative to an as-of date."""

    def __init__(self, as_of: date) -> None:
        self.as_of = as_of
        self.sources = Sources(
            vendors={ALFA: "Alfa Foods", BRAVO: "Bravo Foods", CHARLIE: "Charlie & Söhne", DELTA: "Delta"},
            branches={UPTOWN: "Uptown", DOWNTOWN: "Downtown", HARBOR: "Harbor", ZERO: "Zero", MINUS: "Minus"},
            departments={1: "Kitchen", 2: "Bar"},
            cost_centers={1: "Food", 2: "Events"},
        )

    def item(self, name: str, vendor_id: int | None = ALFA) -> int:
        """A new item."""
        item_id = len(self.sources.items) + 1
        self.sources.items[item_id] = Item(name, vendor_id)
        return item_id

    def invoice(
        self,
        days_ago: int,
        *lines: tuple[int, Number, Number],
        branch: int | None = UPTOWN,
        vendor: int | None = None,
        department: int | None = None,
        cost_center: int | None = None,
        status: str = "APPROVED",
        at: time = NOON,
        deleted_at: datetime | None = None,
    ) -> int:
        """A new invoice with lines of (item, quantity, price)."""
        invoice_id = len(self.sources.invoices) + 1
        self.sources.invoices[invoice_id] = Invoice(
            id=invoice_id,
            at=datetime.combine(self.as_of - timedelta(days_ago), at),
            status=status,
            branch_id=branch,
            department_id=department,
            cost_center_id=cost_center,
            vendor_id=vendor,
            deleted_at=deleted_at,
        )
        for item_id, quantity, price in lines:
            line_id = len(self.sources.lines) + 1
            self.sources.lines.append(Line(line_id, invoice_id, item_id, Fraction(quantity), Fraction(price)))
        return invoice_id

    def orders(
        self,
        item_id: int,
        quantities: Sequence[Number],
        *,
        every: int = 7,
        until: int = 0,
        price: Number = 2,
        branch: int | None = UPTOWN,
        vendor: int | None = None,
    ) -> None:
        """One order per quantity, `every` days apart, the last one `until` days ago."""
        for position, quantity in enumerate(quantities):
            ago = until + every * (len(quantities) - 1 - position)
            self.invoice(ago, (item_id, quantity, price), branch=branch, vendor=vendor)

    def gaps(self, item_id: int, gaps: Sequence[int], *, until: int = 0, branch: int | None = UPTOWN) -> None:
        """Orders of 10 with these numbers of days between them, the last one `until` days ago."""
        for ago in accumulate(reversed(gaps), initial=until):
            self.invoice(ago, (item_id, 10, 2), branch=branch)

    def months(
        self, item_id: int, quantities: Sequence[Number], *, before: int = 1, branch: int | None = UPTOWN
    ) -> None:
        """One order on the 3rd of each month, the last one `before` months before the as-of month; 0 buys nothing."""
        for position, quantity in enumerate(quantities):
            if quantity == 0:
                continue
            months = self.as_of.year * 12 + self.as_of.month - 1 - before - (len(quantities) - 1 - position)
            day = date(months // 12, months % 12 + 1, 3)
            self.invoice((self.as_of - day).days, (item_id, quantity, 1), branch=branch)


def edge_cases(as_of: date) -> Sources:
    """Every edge the definitions name: exact thresholds, ties, empty spreads, windows' first and last days."""
    book = Book(as_of)
    write_edge_cases(book)
    return book.sources


def write_edge_cases(book: Book) -> None:
    """Write every edge case into a book."""
    _what_counts(book)
    _order_counts(book)
    _cycles(book)
    _trends(book)
    _seasons(book)
    _anomalies(book)
    _prices(book)
    _consolidation(book)


def _what_counts(book: Book) -> None:
    item = book.item("What counts")
    book.orders(item, [4, 5, 6], until=10)
    book.invoice(5, (item, 100, 2), status="PENDING")
    book.invoice(5, (item, 100, 2), status="approved")
    book.invoice(5, (item, 100, 2), deleted_at=datetime.combine(book.as_of, NOON))
    # Any deletion time takes the invoice out, also one still to come.
    book.invoice(5, (item, 100, 2), deleted_at=datetime.combine(book.as_of + timedelta(900), NOON))
    book.invoice(-1, (item, 100, 2))
    book.invoice(-40, (item, 100, 2))
    book.invoice(3, (item, -7, 2), (item, 3, 0), (item, 0, 5), (item, 2, -1))
    book.invoice(2, (item, 1, "0.005"), department=1, cost_center=2)
    book.invoice(2, (item, 1, "0.005"), department=2, cost_center=None)
    book.invoice(2, (item, 2, "0.005"), department=2, cost_center=None)
    # Around midnight of other time zones, at the first, the last and the next day.
    for days_ago in (0, -1, 29, 30, 179, 180):
        for hour in (0, 3, 4, 5, 8, 15, 23):
            book.invoice(days_ago, (item, 1, "2.5"), at=time(hour, 59, 59), branch=DOWNTOWN)
            book.invoice(days_ago, (item, 1, "2.5"), at=time(hour), branch=DOWNTOWN)
    nobody = book.item("Bought by nobody in particular", None)
    book.orders(nobody, [1, 2, 3, 4, 5, 60], branch=None)
    book.orders(nobody, [2, 2, 2], branch=ZERO)
    book.orders(nobody, [3, 3, 3], branch=MINUS, every=3)
    credit = book.item("Only returned")
    book.invoice(1, (credit, -2, 3))
    book.invoice(1, (credit, 2, 3), (credit, -2, 3))
    # A month that ends below zero, and one that ends at zero.
    book.invoice(1500, (credit, -2, 3), (credit, 1, 3))
    book.invoice(1600, (credit, 2, 3), branch=DOWNTOWN)
    book.invoice(1600, (credit, -2, 3), branch=UPTOWN)


def _order_counts(book: Book) -> None:
    for count in (1, 2, 3, 5, 6, 7, 10, 11):
        item = book.item(f"Ordered {count} times")
        book.orders(item, [10 + position % 3 for position in range(count)], every=5)
    for ago, name in ((179, "on the first day"), (180, "before the first day")):
        item = book.item(f"Three orders, one {name}")
        book.invoice(ago, (item, 1, 1))
        book.orders(item, [1, 1], until=20)
    split = book.item("Three orders, but not at one branch")
    book.orders(split, [1, 2], branch=UPTOWN)
    book.orders(split, [3], branch=DOWNTOWN, until=3)
    lines = book.item("One invoice with two lines")
    book.orders(lines, [10, 10], until=14)
    book.invoice(7, (lines, 4, 2), (lines, 6, 3))
    book.invoice(0, (lines, 4, 2), (lines, -6, 3), (lines, 6, 0))
    book.invoice(0, (lines, -6, 3))
    same_day = book.item("Two invoices a day")
    for ago in (20, 10, 0):
        book.invoice(ago, (same_day, 5, 2))
        book.invoice(ago, (same_day, 7, 2), branch=DOWNTOWN)
        book.invoice(ago, (same_day, 9, 2))
    one_day = book.item("Three orders on one day")
    book.orders(one_day, [1, 2, 3], every=0)
    two_days = book.item("Three orders on two days")
    book.orders(two_days, [1, 2], every=0)
    book.orders(two_days, [3], until=9)


def _cycles(book: Book) -> None:
    for name, gaps in {
        "Confidence of exactly 0.6": [3, 7],
        "Confidence of exactly 0.6 over more": [3, 7, 3, 7, 3, 7],
        "Confidence just below 0.6": [3, 7, 3, 7, 3, 7, 3, 8],
        "A cycle of two and a half days": [2, 3],
        "A cycle of three and a half days": [3, 4, 4, 3],
        "A cycle that does not end": [1, 1, 2],
        "As regular as can be": [7] * 8,
        "So irregular that confidence is nil": [1, 1, 1, 1, 1, 60],
        "Exactly nil": [1, 1, 1, 1, 16],
        "A cycle of three days": [3] * 9,
    }.items():
        book.gaps(book.item(name), gaps, until=2)


def _trends(book: Book) -> None:
    for name, quantities in {
        "Rises by exactly a tenth": [10] * 5 + [11] * 5,
        "Rises by more than a tenth": [10] * 5 + [11] * 4 + ["11.01"],
        "Falls by exactly a tenth": [10] * 5 + [9] * 5,
        "Falls by more than a tenth": [10] * 5 + [9] * 4 + ["8.99"],
        "Six orders, rises by exactly a tenth": [10, 11, 11, 11, 11, 11],
        "Six orders, rises": [10, 11, 11, 11, 11, "11.5"],
        "Seven orders, falls": [10, 10, 8, 8, 8, 8, 8],
        "Eight orders, thirds, exactly a tenth": [1, 1, 2, "1.4", "1.4", "1.4", "1.5", "1.6333333333"],
        "Eleven orders, the middle one counts for neither": [10] * 5 + [900] + [10] * 5,
        "Twelve orders": [5, 5, 5, 5, 5, 900, 900, 6, 6, 6, 6, 6],
        "Five orders rise but have nothing older": [1, 2, 3, 4, 5],
    }.items():
        book.orders(book.item(name), quantities, every=4)
    tie = book.item("Ten orders on two days: the invoice id decides")
    for quantity in (1, 2, 3, 4, 5):
        book.invoice(8, (tie, quantity, 1))
    for quantity in (6, 7, 8, 9, 10):
        book.invoice(8, (tie, quantity, 1))
    seven = book.item("Seven orders on one day: the invoice id decides")
    for quantity in (9, 9, 1, 1, 1, 9, 1):
        book.invoice(1, (seven, quantity, 1))


def _seasons(book: Book) -> None:
    # Two years whose month-of-year means explain just half of the variance once degrees of freedom are counted.
    means, spread = [27, 17, 17, 19, 20, 20, 20, 20, 20, 20, 20, 20], [2] * 6 + [0] * 6
    half = [m - s for m, s in zip(means, spread, strict=True)] + [m + s for m, s in zip(means, spread, strict=True)]
    less = [*half[:-1], "20.01"]
    seasonal = [10, 10, 10, 10, 10, 30, 40, 30, 10, 10, 10, 10]
    for name, quantities in {
        "Strength of exactly a half": half,
        "Strength just below a half": less,
        "Seasonal, 23 months": (seasonal * 2)[1:],
        "Seasonal, 24 months": seasonal * 2,
        "Seasonal, 25 months": [12, *seasonal * 2],
        "Seasonal, 35 months": (seasonal * 3)[1:],
        "Seasonal, 36 months": seasonal * 3,
        "Seasonal, 37 months": [900, *seasonal * 3],
        "Seasonal, 50 months": [900] * 14 + seasonal * 3,
        "The same every month": [5] * 24,
        "The same every month, 30 months": [5] * 30,
        "Bought once a year": [7, *[0] * 11, 7, *[0] * 10, 1],
        "Thirds": [1, 2, 4] * 9,
        "Noise": [(month * 7919) % 23 + 1 for month in range(33)],
        "Decimals": [f"{month % 12 + 1}.{month * 37 % 100:02}" for month in range(29)],
        "Older than anyone asks": [5, *[0] * 40, 5],
    }.items():
        item = book.item(name)
        book.months(item, quantities)
        # Three orders this month make a pattern; the month does not count unless it is over.
        book.orders(item, [3, 3, 3], every=1)
    quiet = book.item("Nothing for three years")
    book.months(quiet, [5, *[0] * 40])
    book.orders(quiet, [3, 3, 3], every=1)
    gone = book.item("Bought long ago and long since given up")
    book.months(gone, [5, 6, *[0] * 40])
    older = book.item("The network buys longer than the branch")
    book.months(older, seasonal * 2, branch=DOWNTOWN)
    book.orders(older, [3, 3, 3], every=1, branch=UPTOWN)
    book.orders(older, [3, 3, 3], every=1, branch=None)
    nobody = book.item("Seasonal without a branch")
    book.months(nobody, seasonal * 2, branch=None)
    book.orders(nobody, [3, 3, 3], every=1, branch=None)


def _anomalies(book: Book) -> None:
    for name, quantities in {
        "Exactly two sigma": [10, 10, 10, 10, 20],
        "More than two sigma": [10, 10, 10, 10, 10, 20],
        "Exactly two sigma below": [20, 20, 20, 20, 10],
        "Exactly three tenths above equal orders": [10] * 5 + [13],
        "More than three tenths above equal orders": [10] * 5 + ["13.01"],
        "Exactly three tenths below equal orders": [10] * 5 + [7],
        "More than three tenths below equal orders": [10] * 5 + ["6.99"],
        "Four equal orders and a hundredfold": [10] * 4 + [1000],
        "Exactly three spreads": [8, 12, 8, 12, 8, 12, 16],
        "More than three spreads": [8, 12, 8, 12, 8, 12, "16.001"],
        "Exactly three spreads below": [8, 12, 8, 12, 8, 12, 4],
        "More than three spreads below": [8, 12, 8, 12, 8, 12, "3.999"],
        "Equal orders": [10] * 9,
        "A third stands out": ["3.333", "3.334", "3.333", "3.334", "3.333", 5, "3.333"],
        "Two stand out": [10] * 9 + [100, 1],
    }.items():
        item = book.item(name)
        book.orders(item, quantities, every=3)
        book.orders(item, [10, 10, 10], every=3, branch=None)
    price = book.item("The quantity as ever, the price not")
    book.orders(price, [10] * 7, until=7)
    book.invoice(0, (price, 10, 9))
    both = book.item("Less for more")
    book.orders(both, [10, 11, 10, 11, 10, 11], until=7)
    book.invoice(0, (both, 2, 90))
    book.invoice(0, (both, "10.5", 90), branch=DOWNTOWN)
    for ago, name in ((29, "on the first day"), (30, "before the first day")):
        item = book.item(f"Stands out {name}")
        book.orders(item, [10] * 6, until=40)
        book.invoice(ago, (item, 50, 2))
    later = book.item("Measured against what came later too")
    book.orders(later, [50, 10, 10, 10, 10, 10, 10], every=4)
    edge = book.item("Five others only with the window's first day")
    book.invoice(179, (edge, 10, 2))
    book.orders(edge, [10, 10, 10, 10, 50], every=2)


def _prices(book: Book) -> None:
    tied = book.item("As far above as below")
    book.invoice(4, (tied, 1, 9), branch=UPTOWN)
    book.invoice(4, (tied, 5, 11), branch=DOWNTOWN)
    book.invoice(4, (tied, 1, 10), branch=None, vendor=BRAVO)
    thirds = book.item("Prices in thirds", None)
    book.invoice(29, (thirds, 1, 1), (thirds, 2, 1), (thirds, 1, 2), branch=None)
    book.invoice(0, (thirds, 1, "1.3333"), branch=HARBOR)
    book.invoice(30, (thirds, 1, 77), branch=HARBOR)
    book.invoice(1, (thirds, 1, 0), (thirds, -1, 50), branch=HARBOR)


def _consolidation(book: Book) -> None:
    def bought(name: str, *cells: tuple[int | None, int | None, Sequence[tuple[Number, Number]]]) -> None:
        item = book.item(name, None)
        for branch, vendor, lines in cells:
            for quantity, price in lines:
                book.invoice(len(name) % 30, (item, quantity, price), branch=branch, vendor=vendor)

    bought(
        "The cheapest has only two lines",
        (UPTOWN, ALFA, [(10, 3)] * 3),
        (DOWNTOWN, BRAVO, [(10, 2)] * 2),
        (HARBOR, CHARLIE, [(10, "3.5"), (5, 4), (1, 1)]),
    )
    bought("Nobody has three lines", (UPTOWN, ALFA, [(10, 3)] * 2), (DOWNTOWN, BRAVO, [(10, 2)] * 2))
    bought(
        "Equal means in thirds, the larger wins",
        (UPTOWN, ALFA, [(1, 3), (1, 3), (1, 4)]),
        (DOWNTOWN, BRAVO, [(2, 3), (2, 3), (2, 4)]),
        (HARBOR, CHARLIE, [(3, 5)]),
    )
    bought(
        "Equal means and quantities, the lower id wins",
        (UPTOWN, CHARLIE, [(1, 3)] * 3),
        (DOWNTOWN, DELTA, [(1, 3)] * 3),
        (HARBOR, BRAVO, [(1, 3)] * 3),
        (HARBOR, ALFA, [(7, "3.7")]),
    )
    bought(
        "The same pair twice, unassigned left out",
        (UPTOWN, ALFA, [(7, 1), (1, 1), (1, 1), (-3, 1), (4, 0)]),
        (UPTOWN, BRAVO, [(3, 2)]),
        (DOWNTOWN, BRAVO, [("0.7", "2.15")]),
        (None, BRAVO, [(500, "0.01")] * 3),
        (DOWNTOWN, None, [(500, "0.02")] * 3),
    )
    bought("One branch and one unassigned", (UPTOWN, ALFA, [(1, 1)] * 3), (None, BRAVO, [(1, 2)] * 3))
    bought("Two vendors, one unassigned", (UPTOWN, ALFA, [(1, 1)] * 3), (DOWNTOWN, None, [(1, 2)] * 3))
    bought("One branch, two vendors", (UPTOWN, ALFA, [(1, 1)] * 3), (UPTOWN, BRAVO, [(1, 2)] * 3))
    bought("Zero and minus one are ids", (ZERO, DELTA, [(1, 2)] * 3), (MINUS, ALFA, [(1, 3)] * 3))
    # So near to equal that a double, or a mean cut to its first digits, cannot tell them apart.
    bought(
        "All but equal",
        (UPTOWN, ALFA, [(1, 1000000000), (1, 1), (1, "0.000000002")]),
        (DOWNTOWN, BRAVO, [(1, 1000000000), (1, 1), (1, "0.000000001")]),
    )
    for ago in (29, 30):
        item = book.item(f"Two vendors {ago} days ago", BRAVO)
        book.invoice(ago, (item, 3, 3), branch=UPTOWN)
        for _ in range(3):
            book.invoice(3, (item, 3, 2), branch=DOWNTOWN, vendor=ALFA)


def by_chance(seed: int, as_of: date, *, orders: int = 900, vendor_on_invoice: bool = True) -> Sources:
    """Few items, branches and small round numbers, so that ties and equal spreads come up by themselves."""
    chance = random.Random(seed)
    book = Book(as_of)
    items = [book.item(f"Item {n}", chance.choice([ALFA, BRAVO, CHARLIE, None])) for n in range(12)]
    branches = [UPTOWN, DOWNTOWN, HARBOR, None]
    for _ in range(orders):
        window = chance.choice([8, 31, 60, 185, 400, 1300])
        lines: list[tuple[int, Number, Number]] = []
        for item in chance.choices(items, k=chance.choice([1, 1, 2, 3])):
            quantity = chance.choice([1, 1, 2, 2, 3, 5, 10, 10, 12, 40, "0.5", "2.25", 0, -2])
            lines.append((item, quantity, chance.choice([1, 2, 2, 2, 3, "1.99", "2.5", "0.333", 0])))
        book.invoice(
            chance.randint(-3, window),
            *lines,
            branch=chance.choice(branches),
            vendor=chance.choice([None, None, ALFA, BRAVO, CHARLIE]) if vendor_on_invoice else None,
            department=chance.choice([None, 1, 2]),
            cost_center=chance.choice([None, None, 1]),
            status=chance.choice(["APPROVED"] * 9 + ["DRAFT"]),
            at=time(chance.randint(0, 23), chance.choice([0, 59])),
            deleted_at=datetime.combine(as_of, NOON) if chance.random() < 0.03 else None,
        )
    return book.sources


def rows_for_copy(sources: Sources) -> dict[str, tuple[Sequence[str], list[Sequence[object]]]]:
    """Table -> its columns and rows, as the application would hold them. The invoice's vendor, optional, comes last."""
    named = {
        "Vendor": sources.vendors,
        "Branch": sources.branches,
        "Department": sources.departments,
        "CostCenter": sources.cost_centers,
    }
    return {table: (("id", "name"), list(names.items())) for table, names in named.items()} | {
        "Item": (
            ("id", "name", "vendorId"),
            [(key, row.name, row.vendor_id) for key, row in sources.items.items()],
        ),
        "Invoice": (
            ("id", "date", "status", "branchId", "departmentId", "costCenterId", "deletedAt", "vendorId"),
            [
                (
                    row.id,
                    row.at,
                    row.status,
                    row.branch_id,
                    row.department_id,
                    row.cost_center_id,
                    row.deleted_at,
                    row.vendor_id,
                )
                for row in sources.invoices.values()
            ],
        ),
        "InvoiceItem": (
            ("id", "invoiceId", "itemId", "quantity", "price"),
            [
                (row.id, row.invoice_id, row.item_id, as_decimal(row.quantity), as_decimal(row.price))
                for row in sources.lines
            ],
        ),
    }


def as_decimal(value: Fraction) -> Decimal:
    """A fraction that ends, as the decimal a source column holds."""
    decimal = Decimal(value.numerator) / Decimal(value.denominator)
    if Fraction(decimal) != value:
        raise ValueError(f"{value} does not end")
    return decimal
