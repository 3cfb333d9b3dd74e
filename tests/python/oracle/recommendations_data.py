"""Small procurement data sets in which every rule of the recommendations fires, and just does not."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from oracle.procurement import PurchaseOrder, Sources
from oracle.procurement_data import (
    ALFA,
    BRAVO,
    CHARLIE,
    DELTA,
    DOWNTOWN,
    HARBOR,
    MINUS,
    NOON,
    UPTOWN,
    ZERO,
    Book,
    Number,
    write_edge_cases,
)

# Lines as (days ago, quantity, price), bought by a branch from a vendor.
Cell = tuple[int | None, int | None, Sequence[tuple[int, Number, Number]]]


class Ledger(Book):
    """Books with purchase orders, and with vendors and branches that serve one case only."""

    def vendor(self) -> int:
        """A new vendor."""
        vendor_id = max(self.sources.vendors) + 1
        self.sources.vendors[vendor_id] = f"Vendor {vendor_id}"
        return vendor_id

    def bought(self, name: str, *cells: Cell) -> int:
        """A new item without a vendor of its own, bought like this."""
        item = self.item(name, None)
        for branch, vendor, lines in cells:
            for days_ago, quantity, price in lines:
                self.invoice(days_ago, (item, quantity, price), branch=branch, vendor=vendor)
        return item

    def placed(
        self, days_ago: int, vendor: int, branch: int | None = UPTOWN, *, at: time = NOON, status: str = "SENT"
    ) -> None:
        """A new purchase order."""
        moment = datetime.combine(self.as_of - timedelta(days_ago), at)
        orders = self.sources.purchase_orders
        orders.append(PurchaseOrder(len(orders) + 1, moment, vendor, branch, status))


def rule_edges(as_of: date) -> Sources:
    """Every edge the rules name, among the edges of what they read."""
    book = Ledger(as_of)
    write_edge_cases(book)
    _cheaper_vendors(book)
    _many_vendors(book)
    _price_gaps(book)
    _price_rises(book)
    _small_orders(book)
    _standing_out(book)
    _peaks(book)
    _reorders(book)
    return book.sources


def _cheaper_vendors(book: Ledger) -> None:
    def ten(price: Number = 10, days_ago: int = 5) -> Cell:
        return (UPTOWN, ALFA, [(days_ago, 10, price)] * 3)

    for price in ("9.5", "9.5000000000000001", "9.4999999999999999"):
        book.bought(f"Another vendor for {price}", ten(), (DOWNTOWN, BRAVO, [(5, 1, price)] * 3))
        # The newest prices are far enough apart: only the mean ones decide.
        late = (DOWNTOWN, BRAVO, [(5, 10, price)] * 3 + [(2, "0.000000000000000001", 5)])
        book.bought(f"Another vendor for {price}, less by now", ten(), late)
    thirds = [(5, 1, 3), (5, 1, 3), (5, 1, 4)]
    book.bought(
        "Exactly 95 % in thirds", (UPTOWN, ALFA, thirds), (HARBOR, BRAVO, [(5, 2, 3), (5, 2, 3), (5, 2, "3.5")])
    )
    book.bought("Two lines do not count", ten(), (DOWNTOWN, BRAVO, [(5, 100, 1)] * 2))
    book.bought(
        "Two lines do not count, three do", ten(), (HARBOR, BRAVO, [(5, 1, 1)] * 2), (HARBOR, DELTA, [(5, 1, 2)] * 3)
    )
    book.bought("The third line has no branch", ten(), (DOWNTOWN, BRAVO, [(5, 1, 5)] * 2), (None, BRAVO, [(5, 1, 6)]))
    book.bought(
        "The third line is a credit note", ten(), (DOWNTOWN, BRAVO, [(5, 1, 5), (5, 1, 5), (5, -1, 5), (5, 1, 0)])
    )
    book.bought("Equally cheap, the lower id", ten(), *((HARBOR, v, [(5, 1, 5)] * 3) for v in (CHARLIE, DELTA, BRAVO)))
    book.bought("Equally main, the lower id", ten(), (UPTOWN, CHARLIE, [(5, 60, 5)]), (HARBOR, BRAVO, [(5, 1, 1)] * 3))
    book.bought("The main vendor by amount, not quantity", ten(), (UPTOWN, BRAVO, [(5, 20, 5)] * 2 + [(5, 19, 5)]))
    book.bought("Mostly from nobody", (UPTOWN, None, [(5, 90, 9)]), ten(), (HARBOR, BRAVO, [(5, 1, 5)] * 3))
    book.bought("Only from nobody", (UPTOWN, None, [(5, 90, 9)] * 3), (HARBOR, BRAVO, [(5, 1, 5)] * 3))
    book.bought("Nobody is cheaper", ten(), (HARBOR, None, [(5, 1, 5)] * 3))
    book.bought("Bought for no branch", (None, ALFA, [(5, 10, 10)] * 3), (HARBOR, BRAVO, [(5, 1, 5)] * 3))
    book.bought("Dearer here only", ten(), (DOWNTOWN, ALFA, [(6, 10, 2)] * 9), (HARBOR, BRAVO, [(5, 1, 5)] * 3))
    book.bought("By now the other asks more", ten(), (HARBOR, BRAVO, [(9, 9, 5)] * 3 + [(4, 1, "9.51")]))
    book.bought("By now the other asks just 95 %", ten(), (HARBOR, BRAVO, [(9, 9, 5)] * 3 + [(4, 1, "9.5")]))
    book.bought(
        "By now the main vendor asks less", ten(), (None, ALFA, [(2, 1, 5)]), (HARBOR, BRAVO, [(5, 1, "4.76")] * 3)
    )
    book.bought(
        "By now it asks less, just 95 %", ten(), (None, ALFA, [(2, 1, 5)]), (HARBOR, BRAVO, [(5, 1, "4.75")] * 3)
    )
    book.bought(
        "Several lines on the newest day",
        (UPTOWN, ALFA, [(5, 9, 10), (2, 3, 10), (2, 1, 6)]),
        (HARBOR, BRAVO, [(9, 1, 3), (1, 1, 9), (1, 3, "8.4")]),
    )
    for ago in (89, 90):
        book.bought(f"Two sales and one {ago} days ago", ten(), (HARBOR, BRAVO, [(5, 1, 5)] * 2 + [(ago, 1, 5)]))
        book.bought(f"Bought {ago} days ago", ten(days_ago=ago), (HARBOR, BRAVO, [(5, 1, 5)] * 3))
    book.bought("Both vendors at the branch", (UPTOWN, ALFA, [(8, 10, 10)] * 12), (UPTOWN, BRAVO, [(7, 1, 5)] * 11))
    book.bought("Half a cent", (UPTOWN, ALFA, [(5, "0.1", 10)]), (HARBOR, BRAVO, [(5, 1, "9.1")] * 3))
    for quantity in ("123.28767122", "123.28767123", "123.286", "616.438356", "2465.753424", "2465.75"):
        book.bought(f"{quantity} of it", (UPTOWN, ALFA, [(5, quantity, 10)]), (HARBOR, BRAVO, [(5, 1, 9)] * 4))
    book.bought(
        "At ids 0 and -1", (ZERO, DELTA, [(5, 10, 10)]), (MINUS, DELTA, [(5, 10, 9)]), (HARBOR, BRAVO, [(5, 1, 8)] * 3)
    )


def _many_vendors(book: Ledger) -> None:
    # 30 days' savings of 0.03 are 0.365 a year.
    book.bought("Half a cent a year", (UPTOWN, ALFA, [(5, 1, "1.03")]), (DOWNTOWN, BRAVO, [(5, 1, 1)] * 3))
    book.bought("The best sells most lines", (UPTOWN, ALFA, [(5, 9, 2)] * 4), (DOWNTOWN, BRAVO, [(5, 1, 1)] * 9))
    book.bought(
        "Unassigned lines make no side thicker",
        (UPTOWN, ALFA, [(5, 9, 2)] * 2),
        (HARBOR, CHARLIE, [(5, 9, 3)] * 2),
        (None, ALFA, [(5, 1, 1)] * 20),
        (HARBOR, None, [(5, 1, 1)] * 20),
        (DOWNTOWN, BRAVO, [(5, 1, 1)] * 30),
    )
    book.bought("All the same price", (UPTOWN, ALFA, [(5, 9, 2)] * 4), (DOWNTOWN, BRAVO, [(5, 1, 2)] * 9))
    for quantity in (41, "41.0959", "205.4795", "821.9178", "821.91780822"):
        book.bought(f"{quantity} of a dearer one", (UPTOWN, ALFA, [(5, quantity, 2)]), (HARBOR, BRAVO, [(5, 1, 1)] * 3))


def _price_gaps(book: Ledger) -> None:
    def gap(name: str, *prices: tuple[int | None, Sequence[Number]], vendor: int | None = ALFA, ago: int = 3) -> None:
        cells = (
            (branch, vendor, [(ago, quantity + 1, price) for quantity, price in enumerate(of)]) for branch, of in prices
        )
        book.bought(name, *cells)

    gap("A tenth dearer", (UPTOWN, [10]), (DOWNTOWN, [11]))
    gap("Not quite a tenth dearer", (UPTOWN, [10]), (DOWNTOWN, ["10.99999999999999"]))
    gap("A tenth dearer in thirds", (UPTOWN, [1, "0.5", "0.5"]), (DOWNTOWN, ["0.7", "0.7", "0.8"]))
    gap("A tenth dearer in sevenths", (UPTOWN, [1, 1, 1, 1, 1, 1, 4]), (DOWNTOWN, ["1.1"] * 6 + ["4.4"]))
    gap("A tenth by the plain mean", (UPTOWN, [10, 10]), (DOWNTOWN, [12, 10]))
    gap("A tenth by the weighted mean only", (UPTOWN, [10, 10]), (DOWNTOWN, ["9.9", 12]))
    gap("Cheapest where nobody buys", (None, [5]), (UPTOWN, [10]))
    gap("Cheapest where nobody buys, of three", (None, [5]), (UPTOWN, [10]), (DOWNTOWN, [12]))
    gap("Dearest where nobody buys", (None, [50]), (UPTOWN, [10]), (DOWNTOWN, [10]))
    gap("From nobody", (UPTOWN, [10]), (DOWNTOWN, [12]), vendor=None)
    gap("Lowest tied, the lower id", (ZERO, [10, 10]), (MINUS, [10]), (HARBOR, [10, 10, 10]), (UPTOWN, [12] * 4))
    gap("Two above the lowest", (HARBOR, [10] * 11), (DOWNTOWN, [12] * 12), (UPTOWN, [11, 11]))
    for ago in (29, 30):
        gap(f"{ago} days ago", (UPTOWN, [10]), (DOWNTOWN, [20]), ago=ago)
    book.bought("Dearer at another vendor", (UPTOWN, ALFA, [(3, 1, 10)]), (DOWNTOWN, BRAVO, [(3, 1, 20)]))


def _price_rises(book: Ledger) -> None:
    def rise(
        name: str, before: Sequence[Number], now: Sequence[Number], vendor: int | None = CHARLIE, **when: int
    ) -> None:
        then, today = when.get("then", 100), when.get("today", 10)
        lines = [(then, 1, price) for price in before] + [(today, 1, price) for price in now]
        book.bought(name, (UPTOWN, vendor, lines[::2]), (None, vendor, lines[1::2]))

    rise("Up by 8 %", [10, 10, 10], ["10.8"] * 3)
    rise("Up by almost 8 %", [10, 10, 10], ["10.8", "10.8", "10.79999999999999"])
    rise("Up by 8 % in thirds", [1, 1, 2], ["1.08", "1.08", "2.16"])
    rise("Up, two lines before", [10, 10], [12] * 3)
    rise("Up, two lines now", [10] * 3, [12] * 2)
    rise("Up, ten lines now", [10] * 11, [12] * 10)
    rise("Up, from nobody", [10] * 3, [12] * 3, vendor=None)
    rise("Down", [12] * 3, [10] * 3)
    for then in (90, 91, 120, 121):
        rise(f"Up from {then} days ago", [10] * 3, [12] * 3, then=then)
    for today in (0, 29, 30):
        rise(f"Up {today} days ago", [10] * 3, [12] * 3, today=today)
    book.bought("Up by weight", (UPTOWN, BRAVO, [(99, 1, 9), (99, 1, 9), (99, 8, 1), (9, 8, 9), (9, 1, 1), (9, 1, 1)]))
    book.bought("Another vendor before", (UPTOWN, BRAVO, [(99, 1, 5)] * 3), (UPTOWN, CHARLIE, [(9, 1, 9)] * 3))


def _small_orders(book: Ledger) -> None:
    def small(
        name: str, gaps: Sequence[int], amounts: Sequence[Number], branch: int | None = HARBOR, until: int = 1
    ) -> None:
        vendor = book.vendor()
        item = book.item(name, vendor)
        for position, amount in enumerate(amounts):
            book.invoice(until + sum(gaps[position:]), (item, 1, amount), branch=branch)

    small("Eight orders", [3] * 7, [50] * 8)
    small("Seven orders", [3] * 6, [50] * 7)
    small("Every three days and an hour, as it were", [3] * 6 + [4], [50] * 8)
    small("Every three days on average", [2, 4] * 4, [50] * 9)
    small("Worth a hundred", [3] * 7, [100] * 7 + [100])
    small("Worth all but a hundred", [2] * 7, [100] * 7 + ["99.999999999999"])
    small("Worth all but a hundred, more nearly", [2] * 7, [100] * 7 + ["99.99999999999999"])
    small("For no branch", [2] * 7, [50] * 8, branch=None)
    small("Two days", [0] * 6 + [1], [50] * 8)
    small("Three days", [0] * 6 + [1, 3], [50] * 9)
    small("Every other day in thirds", [1, 1, 2] * 3, [50] * 10)
    small("Twenty orders", [1] * 19, [50] * 20, branch=ZERO)
    small("Twenty-one orders", [1] * 20, [50] * 21, branch=ZERO)
    small("Nineteen orders", [1] * 18, [50] * 19, branch=MINUS)
    small("On the first day", [3] * 7, [50] * 8, until=179 - 21)
    small("Before the first day", [3] * 7, [50] * 8, until=180 - 21)
    nobody = book.item("From nobody", None)
    for ago in range(9):
        book.invoice(ago, (nobody, 1, 50), branch=HARBOR)
    # One vendor's items on one invoice are one order; returns and gifts are none.
    vendor = book.vendor()
    first, second = book.item("Half an order", vendor), book.item("The other half", vendor)
    for ago in range(8):
        book.invoice(ago * 2, (first, 1, 60), (second, 1, 60), branch=HARBOR)
    vendor = book.vendor()
    returned = book.item("Often returned", vendor)
    for ago in range(8):
        book.invoice(ago * 2, (returned, 1, 110), (returned, -1, 60), (returned, 5, 0), branch=HARBOR)
        book.invoice(ago * 2 + 1, (returned, -1, 60), branch=HARBOR)


def _standing_out(book: Ledger) -> None:
    usual = [10] * 6

    def last(
        name: str, quantity: Number, price: Number, before: Sequence[Number] = usual, branch: int | None = UPTOWN
    ) -> None:
        item = book.item(name, DELTA)
        book.orders(item, before, every=9, until=9, price=2, branch=branch)
        book.invoice(0, (item, quantity, price), branch=branch)

    for quantity in ("13", "13.00000000000001", "13.000001", "16", "15.99"):
        last(f"{quantity} instead of 10", quantity, 2)
    # Savings on a boundary: what is too much, times its price.
    for price in (
        "5",
        "4.99995",
        "4.9999499999",
        "25",
        "24.9999",
        "24.99995",
        "100",
        "99.99995",
        "0.00005",
        "0.00004999",
    ):
        last(f"A hundred too many at {price}", 110, price)
    for amount in ("2.6", "2.60000000000001", "3.2"):
        last(f"Ten at {amount}", 10, amount)
    last("Far more, far dearer", 40, 9)
    last("Far less, far dearer", 1, 900)
    last("Far less", 1, 2)
    last("A spread in sevenths", 17, 2, [8, 12, 10, 9, 11, 10, 12])
    last("For no branch", 90, 2, branch=None)
    last("Four others", 90, 2, [10] * 4)
    last("Five others", 90, 2, [10] * 5)
    last("More and more", 300, 2, [10, 10, 10, 10, 10, 20, 22, 24, 26, 28])
    last("More and more of late", 50, 2, [10] * 9)
    # Two sigma by quantity, but material by amount only.
    last("A little more, much dearer", "12.5", 4)
    two = book.item("Two lines at two prices", DELTA)
    book.orders(two, usual, every=9, until=9)
    book.invoice(0, (two, 30, 2), (two, 60, "3.33"), (two, 5, 0), (two, -80, 2))
    for ago in (29, 30):
        late = book.item(f"Too many {ago} days ago", DELTA)
        book.orders(late, usual, every=9, until=40)
        book.invoice(ago, (late, 90, 2))


def _peaks(book: Ledger) -> None:
    """Seasons by calendar month, whatever the as-of date: the coming month stands out or does not."""
    tomorrow = book.as_of + timedelta(1)
    over = tomorrow.day == 1  # the as-of month counts when as-of is its last day
    coming = book.as_of.month % 12 + 1

    def season(
        name: str, index: Number, opposite: Number, branch: int | None = UPTOWN, vendor: int | None = ALFA
    ) -> None:
        quantities: list[Number] = [100] * 24
        for position in range(24):
            month = (book.as_of.month - 1 + over + position) % 12 + 1
            if month == coming:
                quantities[position] = index
            if month == (coming + 5) % 12 + 1:
                quantities[position] = opposite
        item = book.item(name, vendor)
        # Three orders this month make a pattern.
        quantities[-1] = 100 - 9 * over
        book.months(item, quantities, before=1 - over, branch=branch)
        book.orders(item, [3, 3, 3], every=1, branch=branch)

    season("A quarter more next month", 125, 75)
    season("Not quite a quarter more", "124.99999999999", "75.00000000001")
    season("Not quite a quarter more, more nearly", "124.9999999999999", "75.0000000000001")
    season("A quarter more in thirds", 125, "76.5")
    season("Half as much again", 150, 50)
    season("A quarter more, bought for no branch", 125, 75, branch=None)
    season("A quarter more, bought from nobody", 125, 75, vendor=None)
    season("Its month is past", 75, 125)


def _reorders(book: Ledger) -> None:  # noqa: C901
    def rhythm(name: str, gaps: Sequence[int], until: int, branch: int | None = UPTOWN) -> int:
        vendor = book.vendor()
        book.gaps(book.item(name, vendor), gaps, until=until, branch=branch)
        return vendor

    for until in (2, 4, 5, 6, 10, 11):
        rhythm(f"Just regular, {until} days ago", [3, 7, 3, 7], until)
    rhythm("Just not regular", [3, 7, 3, 7, 3, 8], 5)
    rhythm("Not quite regular", [*[3, 7] * 12, 3, 8], 5)
    rhythm("Every five days but once", [5, 5, 5, 4], 5)
    rhythm("Four orders", [7, 7, 7], 7)
    rhythm("For no branch", [7] * 5, 7, branch=None)
    for until in (2, 3, 4, 5, 6, 7, 13, 14, 15):
        rhythm(f"Every week, {until} days ago", [7] * 5, until)
    for until in (11, 12, 13, 14, 20, 39, 40, 41):
        rhythm(f"Every twenty days, {until} days ago", [20] * 5, until)
    for until in (3, 4, 5, 6, 12, 13):
        rhythm(f"Every five and a half days, {until} days ago", [5, 6, 5, 6], until)
    for until in (8, 9, 15, 16, 17):
        rhythm(f"Every eight and a half days, {until} days ago", [8, 9], until)
    for until in (3, 4, 10, 20):
        rhythm(f"Every fortnight, {until} days ago", [14] * 6, until)

    placed = {
        "the same day": 7,
        "a day later": 6,
        "today": 0,
        "tomorrow": -1,
        "long before": 20,
    }
    for name, ago in placed.items():
        vendor = rhythm(f"Ordered {name}", [7] * 5, 7)
        book.placed(ago, vendor)
    for hour in (3, 4, 5, 6):
        # Around the business day's end, in the evening of the last order's day and in the evening of as-of.
        book.placed(6, rhythm(f"Ordered at {hour} o'clock UTC a day later", [7] * 5, 7), at=time(hour, 30))
        book.placed(-1, rhythm(f"Ordered at {hour} o'clock UTC tomorrow", [7] * 5, 7), at=time(hour, 30))
    book.placed(3, rhythm("Ordered for another branch", [7] * 5, 7), DOWNTOWN)
    book.placed(3, rhythm("Ordered for no branch", [7] * 5, 7), None)
    rhythm("Ordered from another vendor", [7] * 5, 7)
    book.placed(3, book.vendor())
    book.placed(3, rhythm("Order cancelled", [7] * 5, 7), status="CANCELLED")
    book.placed(3, rhythm("Order placed at branch 0", [7] * 5, 7, branch=ZERO), ZERO)
    rhythm("Not ordered at branch -1", [7] * 5, 7, branch=MINUS)

    def followed(name: str, last_vendor: int | None, order_from: int | None, own: int | None) -> int:
        item = book.item(name, own)
        book.orders(item, [10] * 5, until=14, branch=DOWNTOWN)
        book.invoice(7, (item, 10, 2), branch=DOWNTOWN, vendor=last_vendor)
        if order_from is not None:
            book.placed(3, order_from, DOWNTOWN)
        return item

    old, new = book.vendor(), book.vendor()
    followed("Ordered from the last order's vendor", new, new, old)
    old, new = book.vendor(), book.vendor()
    followed("Ordered from the vendor before", new, old, old)
    followed("From nobody, ordered from somebody", None, book.vendor(), None)
    old, new = book.vendor(), book.vendor()
    item = followed("The last of two invoices that day", old, new, old)
    book.invoice(7, (item, 10, 2), branch=DOWNTOWN, vendor=new)
    old, new = book.vendor(), book.vendor()
    item = followed("A return and a gift are no order", new, new, old)
    book.invoice(3, (item, -1, 2), (item, 1, 0), branch=DOWNTOWN, vendor=old)
    old, new = book.vendor(), book.vendor()
    item = followed("Another branch's last order", old, new, old)
    book.invoice(2, (item, 1, 2), branch=HARBOR, vendor=new)


def spending_shares(as_of: date) -> Sources:
    """Five thousand spent in 90 days, so that four fifths of it and a thousand are met exactly."""
    book = Ledger(as_of)

    def spent(name: str, *cells: tuple[int | None, int | None, Number], ago: int = 5) -> None:
        book.bought(name, *((branch, vendor, [(ago, 1, amount)]) for branch, vendor, amount in cells))

    spent("Also from nobody", (UPTOWN, ALFA, 500), (DOWNTOWN, None, 500))
    spent("Worth a thousand", (UPTOWN, ALFA, 500), (DOWNTOWN, ALFA, 500))
    spent("One branch and no branch", (UPTOWN, ALFA, 500), (None, ALFA, 500))
    spent("The last one within four fifths", (ZERO, DELTA, 500), (MINUS, DELTA, 500), ago=89)
    spent("Tied with it, but after four fifths", (UPTOWN, CHARLIE, 500), (HARBOR, CHARLIE, 500))
    spent("Bought before the window", (UPTOWN, ALFA, 90000), (HARBOR, BRAVO, 90000), ago=90)
    book.invoice(5, (2, -100, 1), (2, 1, 0), vendor=BRAVO, branch=HARBOR)
    return book.sources
