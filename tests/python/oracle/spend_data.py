"""Small books in which what the marts about spending look for comes up often, ties and borders included."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from fractions import Fraction

from oracle.spend import Books, Invoice, Item, Line, PurchaseOrder, Vendor

Number = int | str | Fraction
# An invoice's lines of (item, quantity, price), and what else it says.
Order = list[tuple[int, Fraction, Fraction]]
Named = dict[str, object]

# A vendor and a branch 0 are like any other: nothing may use such a value to mean "none".
VENDORS = {
    0: Vendor("Alfa Foods Ltd.", "GB 123-456"),
    1: Vendor("The Foods, ALFA", "gb123456"),
    2: Vendor("Foods Alfa (Limited)", None),
    3: Vendor("Foods Alfa Inc", "US 9876"),
    4: Vendor("Söhne & Co. KG", "N/A"),
    5: Vendor("söhne AND", "0"),
    6: Vendor("T.P. Pumps dba Something Else"),
    7: Vendor("TP Pumps t/a Pumps dba TP"),
    8: Vendor("Branch 12 Supplies", "12"),
    9: Vendor("Branch 13 Supplies", "DE-4711"),
    10: Vendor("Supplies branch 12 GmbH", "de4711"),
    11: Vendor("abc"),
    12: Vendor("A.B.C. Ltd"),
    13: Vendor("New New York\u2019s"),
    14: Vendor("New York's", "de 47 11"),
    15: Vendor("yorks new, new"),
}
BRANCHES = {0: "Zero", 1: "Uptown", 2: "Downtown"}
BUYING_FROM = (0, 1, 2, 4)
NUMBERS = ("INV-0815", "inv 0815", "0815", "000815", "815", "No. 4711", "4711", "ä4711", "A-1", "X99", "", None, None)
PRICES: Sequence[Number] = (1, 1, 1, 2, 2, "0.5", 12, "11.9", "2.05", "2.1", 24, "48.9796", 3, "0.333", 0, -1, 49, 1000)
QUANTITIES: Sequence[Number] = (1, 1, 2, 2, 3, 10, "0.5", "2.25", 0, -1, -2)


def by_chance(seed: int, as_of: date, *, invoices: int = 500, with_optional: bool = True) -> Books:
    """Invoices of few items by few branches from few vendors; some come twice, some every week, some on order."""
    chance = random.Random(seed)
    books = Books(vendors=dict(VENDORS), branches=dict(BRANCHES))
    if not with_optional:
        books.vendors = {number: Vendor(vendor.name) for number, vendor in VENDORS.items()}
    for number in range(1, 13):
        category = chance.choice(["Food", "Drink", None]) if with_optional and seed % 3 else None
        books.items[number] = Item(f"Item {number}", chance.choice([*BUYING_FROM, None]), category)
    if with_optional:
        for number in range(1, 15):
            at = datetime.combine(as_of - timedelta(chance.choice([-2, 0, 5, 30, 200])), time(chance.randrange(24)))
            amount = chance.choice([None, Fraction(5), Fraction(50), Fraction(500)]) if seed % 4 else None
            books.purchase_orders[number] = PurchaseOrder(number, at, 0, None, amount)
    while len(books.invoices) < invoices:
        window = chance.choice([1, 14, 40, 95, 95, 370, 460, 740, 1500])
        ago = chance.choice([chance.randint(-2, window), *borders(as_of)])
        # One item and one vendor are new, one item and one vendor are lost; an item may have a usual vendor.
        named_vendors = [*[None] * (2 if seed % 2 else 16), *BUYING_FROM, 5 if ago < 80 else 6 if ago > 100 else 7]
        sold = [item for item in books.items if not (item == 11 and ago > 80) and not (item == 12 and ago < 380)]
        lines = [
            (item, Fraction(chance.choice(QUANTITIES)), price(chance, item))
            for item in chance.choices(sold, k=chance.choice([1, 2, 3, 4, 6]))
        ]
        named: Named = {
            "branch_id": chance.choice([*BRANCHES, None]),
            "vendor_id": chance.choice(named_vendors) if with_optional else None,
            "number": chance.choice(NUMBERS) if with_optional else None,
            "purchase_order_id": chance.choice([None, None, None, chance.randint(1, 18)]) if with_optional else None,
            "status": chance.choice(["APPROVED"] * 15 + ["DRAFT"]),
            "deleted_at": datetime.combine(as_of, time(12)) if chance.random() < 0.03 else None,
        }
        enter(books, as_of, ago, lines, **named)
        if chance.random() < 0.3:
            for days_ago, again, changed in repetitions(chance, ago, lines, named):
                enter(books, as_of, days_ago, again, **changed)
    return books


def corrected(books: Books) -> Books:
    """The same books with some prices and a category changed."""
    changed = [
        replace(line, price=line.price + 1)
        if line.id % 200 == 0
        else replace(line, quantity=-line.quantity)
        if line.id % 333 == 0
        else line
        for line in books.lines
    ]
    items = books.items | {1: replace(books.items[1], category="Other")}
    return replace(books, lines=changed, items=items)


def borders(as_of: date) -> list[int]:
    """Days ago at and beside which some window begins or ends."""
    months = [(as_of - as_of.replace(day=1)).days, (as_of - as_of.replace(month=1, day=1)).days]
    return [day + step for day in (0, 89, 103, 133, 364, 454, 729, *months) for step in (0, 1)]


def price(chance: random.Random, item: int) -> Fraction:
    """Mostly the item's own price, so that a usual price, and a price that never moves, exist."""
    return Fraction(item) if item % 2 and chance.random() < 0.7 else Fraction(chance.choice(PRICES))


def repetitions(chance: random.Random, ago: int, lines: Order, named: Named) -> Iterator[tuple[int, Order, Named]]:
    """The invoice again: once or as a standing order, as it is or with a small change."""
    for repeat in range(1, chance.choice([2, 2, 2, 2, 4])):
        again = list(lines)
        if chance.random() < 0.4:
            item, quantity, unit_price = again.pop()
            again.append((item, quantity + chance.choice([0, 1]), unit_price))
        if chance.random() < 0.3:
            again.append((chance.randint(1, 12), Fraction(1, 2), Fraction(1)))
        chance.shuffle(again)
        changed = dict(named)
        if chance.random() < 0.2:
            changed["branch_id"] = chance.choice([*BRANCHES, None])
        if changed["number"] and chance.random() < 0.5:
            changed["number"] = f"0{str(changed['number']).lower()}."
        yield ago - repeat * chance.choice([0, 1, 14, 15, 30, 31]), again, changed


def enter(books: Books, as_of: date, ago: int, lines: Order, **named: object) -> None:
    """A new invoice, so many days ago."""
    number = len(books.invoices) + 1
    at = datetime.combine(as_of - timedelta(ago), time(number % 24))
    books.invoices[number] = Invoice(number, at, **named)  # type: ignore[arg-type]
    for item, quantity, unit_price in lines:
        books.lines.append(Line(len(books.lines) + 1, number, item, quantity, unit_price))


def rows_for_copy(books: Books) -> dict[str, tuple[dict[str, str], list[Sequence[object]]]]:
    """Table -> its columns with their types, and its rows, as the application would hold them."""
    return {
        "Vendor": (
            {"id": "integer", "name": "text", "taxId": "text"},
            [(number, row.name, row.tax_id) for number, row in books.vendors.items()],
        ),
        "Branch": ({"id": "integer", "name": "text"}, list(books.branches.items())),
        "Department": ({"id": "integer", "name": "text"}, []),
        "CostCenter": ({"id": "integer", "name": "text"}, []),
        "Item": (
            {"id": "integer", "name": "text", "vendorId": "integer", "category": "text"},
            [(number, row.name, row.vendor_id, row.category) for number, row in books.items.items()],
        ),
        "Invoice": (
            {
                "id": "integer",
                "date": "timestamp(3)",
                "status": "text",
                "branchId": "integer",
                "departmentId": "integer",
                "costCenterId": "integer",
                "deletedAt": "timestamp(3)",
                "vendorId": "integer",
                "purchaseOrderId": "integer",
                "invoiceNumber": "text",
            },
            [
                (
                    *(row.id, row.at, row.status, row.branch_id, None, None),
                    *(row.deleted_at, row.vendor_id, row.purchase_order_id, row.number),
                )
                for row in books.invoices.values()
            ],
        ),
        "InvoiceItem": (
            {"id": "integer", "invoiceId": "integer", "itemId": "integer", "quantity": "numeric", "price": "numeric"},
            [(row.id, row.invoice_id, row.item_id, decimal(row.quantity), decimal(row.price)) for row in books.lines],
        ),
        "PurchaseOrder": (
            {
                "id": "integer",
                "vendorId": "integer",
                "branchId": "integer",
                "status": "text",
                "orderedAt": "timestamp(3)",
                "amount": "numeric",
            },
            [
                (
                    row.id,
                    row.vendor_id,
                    row.branch_id,
                    "SENT",
                    row.at,
                    None if row.amount is None else decimal(row.amount),
                )
                for row in books.purchase_orders.values()
            ],
        ),
    }


def decimal(value: Fraction) -> str:
    """A fraction with at most 12 decimals as a source writes it."""
    units = value * 10**12
    if units.denominator != 1:
        raise ValueError(f"{value} has too many decimals")
    sign, digits = "-" if units < 0 else "", f"{abs(units.numerator):013}"
    return f"{sign}{digits[:-12]}.{digits[-12:]}"
