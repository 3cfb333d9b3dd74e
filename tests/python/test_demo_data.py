"""The demo data: deterministic, true to the source contract, with every story and edge case in it.

What the stories should lead to is worked out here from the files alone, straight from the rules' definitions.
"""

import csv
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from statistics import mean, pstdev

import pytest

from runner.demo import AS_OF, alignment, furnishings, generate, restaurants
from runner.errors import FieldlabError
from runner.load.contract import Column, Table, source_tables

Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Line:
    """One line of an invoice that counts."""

    day: date
    invoice: str
    item: str
    vendor: str
    branch: str
    quantity: Decimal
    price: Decimal

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.price


@dataclass(frozen=True)
class Demo:
    folder: Path
    counts: dict[str, int]
    tables: dict[str, Rows]
    lines: list[Line]

    @cached_property
    def purchases(self) -> list[Line]:
        return [line for line in self.lines if line.quantity > 0 and line.price > 0]

    @cached_property
    def _recent_by_item(self) -> dict[str, list[Line]]:
        recent = [line for line in self.purchases if line.day > AS_OF - timedelta(days=240)]
        return grouped(recent, item_of)

    def last(self, days: int, *, until: date = AS_OF, item: str = "", vendor: str = "", branch: str = "") -> list[Line]:
        """The purchases of the last so many days that fit."""
        return [
            line
            for each in ([item] if item else self._recent_by_item)
            for line in self._recent_by_item[each]
            if until - timedelta(days=days) < line.day <= until
            and line.vendor == (vendor or line.vendor)
            and line.branch == (branch or line.branch)
        ]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    counts = dict(generate(folder))
    tables = {table.name: read(folder, table.name) for table in source_tables()}
    return Demo(folder, counts, tables, counted_lines(tables))


def read(folder: Path, table: str) -> Rows:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def counted_lines(tables: dict[str, Rows]) -> list[Line]:
    names = {name: {row["id"]: row["name"] for row in tables[name]} for name in ("Vendor", "Branch", "Item")}
    invoices = {row["id"]: row for row in tables["Invoice"]}
    item_vendors = {row["id"]: row["vendorId"] for row in tables["Item"]}
    lines = []
    for row in tables["InvoiceItem"]:
        invoice = invoices[row["invoiceId"]]
        day = date.fromisoformat(invoice["date"][:10])
        if invoice["status"] != "APPROVED" or invoice["deletedAt"] or day > AS_OF:
            continue
        vendor = names["Vendor"].get(invoice["vendorId"] or item_vendors[row["itemId"]], "")
        branch = names["Branch"].get(invoice["branchId"], "")
        item = names["Item"][row["itemId"]]
        lines.append(Line(day, row["invoiceId"], item, vendor, branch, Decimal(row["quantity"]), Decimal(row["price"])))
    return lines


def mean_price(lines: Iterable[Line]) -> Decimal:
    lines = list(lines)
    return sum((line.amount for line in lines), Decimal(0)) / sum(line.quantity for line in lines)


def grouped(lines: Iterable[Line], key: Callable[[Line], str]) -> dict[str, list[Line]]:
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        groups[key(line)].append(line)
    return groups


def order_days(lines: Iterable[Line]) -> list[date]:
    return sorted({line.day for line in lines})


def cycle(days: Sequence[date]) -> float:
    return mean((later - earlier).days for earlier, later in pairwise(days))


def material_deviation(values: Sequence[float], position: int) -> float:
    others = [value for number, value in enumerate(values) if number != position]
    assert len(others) >= 5
    return (values[position] - mean(others)) / max(pstdev(others), mean(others) / 10)


# --- Files ---------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_whatever_the_order_of_hashes(demo: Demo, tmp_path: Path) -> None:
    code = "import sys, pathlib; from runner.demo import generate; generate(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    for table in source_tables():
        name = f"{table.name}.csv"
        assert (tmp_path / name).read_bytes() == (demo.folder / name).read_bytes(), name


def test_another_seed_gives_other_numbers(demo: Demo, tmp_path: Path) -> None:
    generate(tmp_path, seed=2)
    for name in ("InvoiceItem", "Selection"):
        assert read(tmp_path, name) != demo.tables[name]
    assert read(tmp_path, "Item") == demo.tables["Item"]


def test_one_domain_alone_is_the_same_as_with_the_other(demo: Demo, tmp_path: Path) -> None:
    counts = generate(tmp_path, domains=["procurement"])
    assert set(counts) == {table.name for table in source_tables() if table.domain == "procurement"}
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(counts)
    assert read(tmp_path, "Invoice") == demo.tables["Invoice"]


def test_dealers_and_branches_grow_with_the_factor(demo: Demo, tmp_path: Path) -> None:
    counts = generate(tmp_path, factor=2.5)
    assert counts["Dealer"] == 375
    assert counts["Branch"] == 30
    assert 2 < counts["InvoiceItem"] / demo.counts["InvoiceItem"] < 3
    assert len({row["name"] for row in read(tmp_path, "Dealer")}) == 375


@pytest.mark.parametrize("factor", [0.5, 201, float("nan"), float("inf")])
def test_a_size_out_of_range_is_refused(tmp_path: Path, factor: float) -> None:
    with pytest.raises(FieldlabError, match="no demo of size"):
        generate(tmp_path, factor=factor)


def test_a_date_out_of_range_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FieldlabError, match="no demo as of 0001-01-01"):
        generate(tmp_path, as_of=date.min)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FieldlabError, match=r"cannot be written to .*file/below"):
        generate(tmp_path / "file" / "below")


def test_row_counts_are_those_of_the_files(demo: Demo) -> None:
    assert demo.counts == {name: len(rows) for name, rows in demo.tables.items()}


@pytest.mark.parametrize("table", source_tables(), ids=lambda table: table.name)
def test_every_file_keeps_the_source_contract(demo: Demo, table: Table) -> None:
    rows = demo.tables[table.name]
    assert list(rows[0]) == [column.name for column in table.columns]
    for key in (("id",), *table.unique):
        assert len({tuple(row[name] for name in key) for row in rows}) == len(rows), key
    for column in table.columns:
        values = {row[column.name] for row in rows}
        if "" in values:
            assert column.nullable, column.name
        values -= {""}
        if column.references:
            assert values <= {row["id"] for row in demo.tables[column.references]}, column.name
        if column.allowed:
            assert values == set(column.allowed), column.name
        for value in values:
            check_value(column, value)


def check_value(column: Column, value: str) -> None:
    match column.type:
        case "integer":
            int(value)
        case "numeric":
            assert Decimal(value).is_finite()
        case "timestamp":
            assert datetime.fromisoformat(value).tzinfo is None
        case "boolean":
            assert value in ("true", "false")
        case _:
            assert value == value.strip()


def test_vendors_have_tax_ids_and_number_their_invoices(demo: Demo) -> None:
    tax_ids = [row["taxId"] for row in demo.tables["Vendor"]]
    assert len(set(filter(None, tax_ids))) == sum(map(bool, tax_ids)) == len(tax_ids) - 1
    items = {row["id"]: row["vendorId"] for row in demo.tables["Item"]}
    vendors = {line["invoiceId"]: items[line["itemId"]] for line in demo.tables["InvoiceItem"]}
    numbers = {}
    for row in demo.tables["Invoice"]:
        vendor = row["vendorId"] or vendors[row["id"]]
        assert bool(row["invoiceNumber"]) == bool(vendor)
        if vendor:
            numbers[vendor, row["invoiceNumber"]] = row["id"]
    # But for instalments, which come under one number.
    numbered = [row["invoiceNumber"] for row in demo.tables["Invoice"] if row["invoiceNumber"]]
    assert len(numbers) == len(numbered) - numbered.count("LD-2040") + 1


def test_most_orders_cover_what_is_delivered_on_them(demo: Demo) -> None:
    ordered = {row["id"]: row["amount"] for row in demo.tables["PurchaseOrder"]}
    invoices = {row["id"]: row["purchaseOrderId"] for row in demo.tables["Invoice"] if row["status"] == "APPROVED"}
    delivered: dict[str, Decimal] = defaultdict(Decimal)
    for line in demo.tables["InvoiceItem"]:
        if order := invoices.get(line["invoiceId"]):
            delivered[order] += Decimal(line["quantity"]) * Decimal(line["price"])
    covered = [amount <= Decimal(ordered[order]) for order, amount in delivered.items()]
    assert 0.9 < sum(covered) / len(covered) < 1


# --- Stories of the restaurants ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "branch", "main", "best"),
    [
        ("Chicken Breast", "Downtown", restaurants.HARBOR, restaurants.VALLEY),
        ("Chicken Breast", "Airport", restaurants.HARBOR, restaurants.VALLEY),
        ("Atlantic Salmon Fillet", "Riverside", restaurants.GULLWING, restaurants.SALTMARSH),
        ("Mozzarella", "University", restaurants.PELLWORTH, restaurants.LARKHILL),
        ("Takeaway Boxes", "Airport", restaurants.PELLWORTH, restaurants.FOLDWELL),
        ("Prosecco", "Northgate", restaurants.CELLAR, restaurants.THREEWELL),
    ],
)
def test_another_vendor_is_cheaper(demo: Demo, item: str, branch: str, main: str, best: str) -> None:
    assert {line.vendor for line in demo.last(90, item=item, branch=branch)} == {main}
    means = {vendor: mean_price(lines) for vendor, lines in grouped(demo.last(90, item=item), vendor_of).items()}
    assert means[best] == min(means.values())
    assert means[best] <= Decimal("0.95") * mean_price(demo.last(90, item=item, branch=branch))
    assert newest_price(demo, item, best) <= Decimal("0.95") * newest_price(demo, item, main)
    assert len(demo.last(30, item=item, vendor=best)) >= 3


def vendor_of(line: Line) -> str:
    return line.vendor


def newest_price(demo: Demo, item: str, vendor: str) -> Decimal:
    lines = demo.last(90, item=item, vendor=vendor)
    return mean_price(line for line in lines if line.day == max(line.day for line in lines))


def test_two_vendors_tie_for_the_cheapest_chicken(demo: Demo) -> None:
    means = {vendor: mean_price(lines) for vendor, lines in by_vendor(demo, "Chicken Breast", 30).items()}
    assert means[restaurants.VALLEY] == means[restaurants.PELLWORTH] < means[restaurants.HARBOR]


def by_vendor(demo: Demo, item: str, days: int) -> dict[str, list[Line]]:
    return grouped(demo.last(days, item=item), vendor_of)


def test_an_offer_that_has_ended_is_still_the_cheapest_of_the_quarter(demo: Demo) -> None:
    means = {vendor: mean_price(lines) for vendor, lines in by_vendor(demo, "Unsalted Butter", 90).items()}
    assert means[restaurants.PELLWORTH] <= Decimal("0.95") * means[restaurants.LARKHILL]
    newest = [newest_price(demo, "Unsalted Butter", vendor) for vendor in (restaurants.PELLWORTH, restaurants.LARKHILL)]
    assert newest[0] == newest[1]


@pytest.mark.parametrize("story", restaurants.LOCAL_PRICES, ids=lambda story: story.item)
def test_a_branch_pays_more_to_the_same_vendor(demo: Demo, story: restaurants.LocalPrice) -> None:
    prices = {}
    for branch, lines in grouped(demo.last(30, item=story.item), lambda line: line.branch).items():
        assert len({line.vendor for line in lines}) == 1
        prices[branch] = mean(line.price for line in lines)
    dear = {branch for branch, price in prices.items() if price >= Decimal("1.1") * min(prices.values())}
    assert dear == {story.branch}


@pytest.mark.parametrize(
    ("item", "vendor"),
    [(story.item, restaurants.OLDACRE) for story in restaurants.PRICE_RISES[:2]]
    + [("Orange Juice", restaurants.THREEWELL), ("Unsalted Butter", restaurants.PELLWORTH)],
)
def test_a_vendor_has_raised_its_price(demo: Demo, item: str, vendor: str) -> None:
    now = demo.last(30, item=item, vendor=vendor)
    before = demo.last(30, until=AS_OF - timedelta(days=91), item=item, vendor=vendor)
    assert min(len(now), len(before)) >= 3
    assert mean_price(now) >= Decimal("1.08") * mean_price(before)


@pytest.mark.parametrize("story", restaurants.SMALL_ORDERS, ids=lambda story: story.branch)
def test_a_branch_orders_little_and_often(demo: Demo, story: restaurants.SmallOrders) -> None:
    lines = demo.last(180, vendor=story.vendor, branch=story.branch)
    orders = {line.invoice for line in lines}
    assert len(orders) >= 8
    assert cycle(order_days(lines)) <= 3
    assert sum(line.amount for line in lines) / len(orders) < 100


@pytest.mark.parametrize("story", restaurants.ODD_ORDERS, ids=lambda story: f"{story.item} at {story.branch}")
def test_an_order_is_out_of_the_ordinary(demo: Demo, story: restaurants.OddOrder) -> None:
    lines = demo.last(180, item=story.item, branch=story.branch)
    odd = max(range(len(lines)), key=lambda position: lines[position].amount)
    assert lines[odd].day > AS_OF - timedelta(days=30)
    quantities = material_deviation([float(line.quantity) for line in lines], odd)
    amounts = material_deviation([float(line.amount) for line in lines], odd)
    assert amounts > 3
    assert (quantities > 3) == (story.price == 1)


def test_one_big_order_is_part_of_a_growing_demand(demo: Demo) -> None:
    story = restaurants.GROWING_DEMAND[0]
    quantities = [line.quantity for line in demo.last(180, item=story.item, branch=story.branch)]
    assert mean(quantities[-5:]) > Decimal("1.1") * mean(quantities[:5])
    assert max(quantities) not in quantities[-5:]


@pytest.mark.parametrize("story", restaurants.FORGOTTEN_ORDERS, ids=lambda story: f"{story.vendor} at {story.branch}")
def test_a_regular_order_has_been_forgotten(demo: Demo, story: restaurants.ForgottenOrder) -> None:
    last = AS_OF - timedelta(days=story.days_ago)
    due = []
    for lines in grouped(demo.last(180, vendor=story.vendor, branch=story.branch), lambda line: line.item).values():
        days = order_days(lines)
        gaps = {(later - earlier).days for earlier, later in pairwise(days)}
        assert len(gaps) == 1, "regular, so the confidence is 1"
        due.append(days[-1] + timedelta(days=gaps.pop()))
    assert max(order_days(demo.last(180, vendor=story.vendor, branch=story.branch))) == last
    assert any(predicted <= AS_OF + timedelta(days=3) for predicted in due) or story.vendor == restaurants.FOLDWELL
    assert any(predicted <= AS_OF + timedelta(days=7) for predicted in due)
    orders = order_dates(demo, story.vendor, story.branch)
    assert not [day for day in orders if last < day <= AS_OF]
    assert [day for day in orders if day > AS_OF], "ordered after the as-of date, too late to count"


def order_dates(demo: Demo, vendor: str, branch: str) -> list[date]:
    vendors = {row["id"]: row["name"] for row in demo.tables["Vendor"]}
    branches = {row["id"]: row["name"] for row in demo.tables["Branch"]}
    return [
        date.fromisoformat(row["orderedAt"][:10])
        for row in demo.tables["PurchaseOrder"]
        if (vendors[row["vendorId"]], branches[row["branchId"]]) == (vendor, branch)
    ]


def test_much_is_bought_from_a_single_vendor_and_some_from_two(demo: Demo) -> None:
    vendors = {item: {line.vendor for line in lines} for item, lines in grouped(demo.last(90), item_of).items()}
    spend = {item: sum(line.amount for line in lines) for item, lines in grouped(demo.last(90), item_of).items()}
    biggest = sorted(spend, key=lambda item: -spend[item])[:25]
    alone = [item for item in biggest if len(vendors[item]) == 1]
    assert 3 <= len(alone) <= 15
    assert all(spend[item] >= 1000 for item in alone)


def item_of(line: Line) -> str:
    return line.item


@pytest.mark.parametrize("item", ["Butternut Squash", "Whole Turkey", "Drinking Chocolate"])
def test_a_season_is_about_to_begin(demo: Demo, item: str) -> None:
    months: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for line in demo.purchases:
        if line.item == item:
            months[line.day.year, line.day.month] += line.quantity
    assert len(months) >= 24
    coming = mean(quantity for (_, month), quantity in months.items() if month == AS_OF.month % 12 + 1)
    assert coming >= Decimal("1.25") * mean(months.values())


def test_every_month_is_the_season_of_something() -> None:
    peaks = {item.peak for item in restaurants.ITEMS if item.peak}
    for month in range(1, 13):
        assert any(min(abs(peak - month), 12 - abs(peak - month)) <= 1 for peak in peaks), month


def test_same_prices_leave_nothing_to_gain(demo: Demo) -> None:
    for story in restaurants.SECOND_SOURCES:
        if story.percent == 100 and story.item != "Chicken Breast":
            means = {mean_price(lines) for lines in by_vendor(demo, story.item, 30).values()}
            assert len(means) == 1, story.item


# --- Stories of the brands and dealers -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Business:
    """What dealers do with one vendor's products up to the as-of date."""

    dealers: set[str]
    trends: dict[str, float]
    carried: dict[str, set[str]]


def business(demo: Demo, vendor: str) -> Business:
    """Trends with every dealer weighing the same: near enough to see which bands are filled."""
    collections = {row["id"] for row in demo.tables["Collection"] if row["vendorId"] == vendor}
    home = {row["id"]: row["collectionId"] for row in demo.tables["Product"] if row["collectionId"] in collections}
    weights = {"PASSED": 1, "INTERESTED": 2, "SELECTED": 3, "MUST_CARRY": 4}
    raw: Counter[str] = Counter(dict.fromkeys(collections, 0))
    carried: dict[str, set[str]] = {}
    for row in demo.tables["Selection"]:
        if row["productId"] in home and row["createdAt"][:10] <= str(AS_OF):
            raw[home[row["productId"]]] += weights[row["status"]]
            if row["status"] in ("SELECTED", "MUST_CARRY"):
                carried.setdefault(row["dealerId"], set()).add(home[row["productId"]])
            carried.setdefault(row["dealerId"], set())
    for row in demo.tables["DisplayRecord"]:
        if row["productId"] in home and row["displayOrderDate"][:10] <= str(AS_OF):
            carried.setdefault(row["dealerId"], set()).add(home[row["productId"]])
    largest = max(1, *raw.values())
    return Business(set(carried), {key: value / largest for key, value in raw.items()}, carried)


def test_keep_drop_and_add_occur_at_both_priorities(demo: Demo) -> None:
    found: Counter[str] = Counter()
    for brand in furnishings.BRANDS[:3]:
        trade_of = business(demo, brand.slug)
        for dealer in trade_of.dealers:
            for collection, trend in trade_of.trends.items():
                is_carried = collection in trade_of.carried[dealer]
                if is_carried and trend >= 0.5:
                    found["keep high" if trend >= 0.8 else "keep"] += 1
                if is_carried and trend < 0.3:
                    found["drop high" if trend < 0.15 else "drop"] += 1
                if not is_carried and trend >= 0.7:
                    found["add high" if trend >= 0.9 else "add"] += 1
    assert len(found) == 6
    assert min(found.values()) >= 10


def sale_days(demo: Demo, vendor: str) -> list[str]:
    home = {row["id"]: row["collectionId"] for row in demo.tables["Product"]}
    owner = {row["id"]: row["vendorId"] for row in demo.tables["Collection"]}
    return [row["soldAt"][:10] for row in demo.tables["DealerSale"] if owner[home[row["productId"]]] == vendor]


def test_a_product_type_names_one_kind_of_piece(demo: Demo) -> None:
    for product in demo.tables["Product"]:
        assert product["productType"].lower() in product["name"].lower()


@pytest.mark.parametrize("story", furnishings.SWAPS, ids=lambda story: story.piece)
def test_dealers_prefer_one_of_two_variants_of_a_piece(demo: Demo, story: furnishings.Swap) -> None:
    """The gap is wide enough for SHIFT: 0.3 of the brand's most wanted product, were all dealers equal."""
    weights = {"PASSED": 1, "INTERESTED": 2, "SELECTED": 3, "MUST_CARRY": 4}
    products = {row["id"]: row for row in demo.tables["Product"]}
    brands = {row["id"]: row["vendorId"] for row in demo.tables["Collection"]}
    wanted: dict[str, int] = defaultdict(int)
    for row in demo.tables["Selection"]:
        if brands[products[row["productId"]]["collectionId"]] == story.brand:
            wanted[row["productId"]] += weights[row["status"]]
    less, more = (
        next(
            wanted[key]
            for key, row in products.items()
            if row["name"] == f"{story.collection} {story.piece}{ending}"
            and (row["size"], row["finish"]) == (size, finish)
        )
        for ending, size, finish in (story.less_wanted, story.more_wanted)
    )
    assert less > 0
    assert more - less > 0.3 * max(wanted.values())


def test_a_collection_is_out_of_favour_and_others_are_the_talk_of_the_day(demo: Demo) -> None:
    collection_of = {row["id"]: row["collectionId"] for row in demo.tables["Product"]}
    share_of_month: dict[str, list[bool]] = defaultdict(list)
    for row in demo.tables["Selection"]:
        age = (AS_OF - date.fromisoformat(row["createdAt"][:10])).days
        if age >= 0:
            share_of_month[collection_of[row["productId"]]].append(age < 30)
    shares = {collection: mean(recent) for collection, recent in share_of_month.items() if len(recent) >= 100}
    strongest = sorted(shares, key=lambda collection: -shares[collection])
    rising = {f"{brand.slug}-{alignment.slug(name)}" for brand in furnishings.BRANDS for name in brand.rising}
    assert set(strongest[: len(rising)]) == rising
    assert shares["marlowe-and-finch-halcyon"] == 0


def test_brands_with_recent_with_old_and_without_sales(demo: Demo) -> None:
    recent, old, never = (sale_days(demo, brand.slug) for brand in furnishings.BRANDS[:3])
    a_year_ago = str(AS_OF - timedelta(days=364))
    assert [day for day in recent if a_year_ago <= day <= str(AS_OF)]
    assert old
    assert max(old) < a_year_ago
    assert not never


def test_one_brand_is_displayed_but_not_selected(demo: Demo) -> None:
    flat = business(demo, "paper-lantern-studio")
    assert len(flat.dealers) >= 5
    assert set(flat.trends.values()) == {0}


def test_alignment_edge_cases_occur(demo: Demo) -> None:
    tables = demo.tables
    with_displays = {row["dealerId"] for row in tables["DisplayRecord"]}
    with_sales = {row["dealerId"] for row in tables["DealerSale"]}
    selecting = {row["dealerId"] for row in tables["Selection"]}
    dealers = {row["id"] for row in tables["Dealer"]}
    assert len(selecting - with_displays - with_sales) >= 5, "dealers of score 0"
    assert len(dealers - selecting - with_displays) >= furnishings.INACTIVE_DEALERS
    assert {row["region"] for row in tables["Dealer"]} > {""}
    assert {row["id"] for row in tables["Collection"]} > {row["collectionId"] for row in tables["Product"]}
    for table, column in (("Selection", "createdAt"), ("DealerSale", "soldAt"), ("DisplayRecord", "displayOrderDate")):
        assert any(row[column][:10] > str(AS_OF) for row in tables[table]), table
    two_years_ago = str(AS_OF.replace(year=AS_OF.year - 2))
    assert any(row["displayOrderDate"] < two_years_ago for row in tables["DisplayRecord"])
    assert any('"' in row["description"] and "," in row["description"] for row in tables["Product"])


def test_markets_are_named_as_the_trade_names_them() -> None:
    names = [market.name for market in alignment.markets_until(AS_OF)]
    assert names[-1] == "Oct 2025 High Point"
    assert "Jan 2025 Dallas" in names
    assert len(names) == 12


# --- Edge cases of the restaurants ---------------------------------------------------------------------------------


def test_invoices_of_every_kind_occur(demo: Demo) -> None:
    invoices = demo.tables["Invoice"]
    assert {row["status"] for row in invoices} == {"APPROVED", "PENDING", "REJECTED"}
    for column in ("branchId", "departmentId", "costCenterId", "vendorId", "purchaseOrderId"):
        assert {bool(row[column]) for row in invoices} == {True, False}, column
    assert any(row["deletedAt"] for row in invoices)
    assert any(row["date"][:10] > str(AS_OF) for row in invoices)
    assert f"{AS_OF} 23:59:59.999" in {row["date"] for row in invoices}
    assert f"{AS_OF + timedelta(days=1)} 00:00:00.000" in {row["date"] for row in invoices}


def test_lines_of_every_kind_occur(demo: Demo) -> None:
    assert any(line.quantity < 0 for line in demo.lines), "credit notes"
    assert any(line.price == 0 for line in demo.lines), "free goods"
    assert any(line.quantity == 0 for line in demo.lines)
    assert any(not line.vendor for line in demo.purchases), "no vendor on the item nor on the invoice"
    item_vendors = {item.name: item.vendor for item in restaurants.ITEMS}
    assert any(line.vendor and line.vendor != item_vendors[line.item] for line in demo.purchases)
    same_day = Counter((line.item, line.branch, line.day, line.invoice) for line in demo.purchases)
    assert max(Counter((item, branch, day) for item, branch, day, _ in same_day).values()) == 2


def test_history_is_long_enough_for_seasons(demo: Demo) -> None:
    first = min(line.day for line in demo.lines)
    assert first <= date(2023, 6, 3)
    assert first > date(2022, 11, 1)
