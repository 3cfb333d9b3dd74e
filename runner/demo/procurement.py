"""Lets the restaurant group of `restaurants.py` buy for two and a half years, day by day."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from math import ceil
from typing import TypeVar

from runner.demo import restaurants
from runner.demo.files import SourceFiles
from runner.demo.seeded_random import SeededRandom

BRANCHES_AT_FACTOR_1 = len(restaurants.DISTRICTS)
MONTHS_OF_HISTORY = 29  # before the as-of date's own month: enough for seasons
DAYS_BEYOND_AS_OF = 5  # nothing of these may be used anywhere
FORTNIGHT = 14
# The application has written the vendor on every invoice for this long; before, only where it was not the item's own.
VENDOR_ON_INVOICE_DAYS = 240
SHARE_CARRIED = 0.82
MARKET_CATEGORIES = ("Produce", "Fruit", "Seafood")  # their prices move every month, the others' twice a year
UNITS_IN_TENTHS = ("kg", "litre")

Line = tuple[int, float, int]  # item id, quantity, price in cents


@dataclass
class Plan:
    """How one branch buys one item from one vendor.

    Attributes:
        prices: Cents per unit for each month of the history.
        quantity: A usual order before season, growth and chance.
        odd: What goes wrong with the next order from a day on, if anything.
    """

    item_id: int
    every: int
    offset: int
    quantity: float
    in_tenths: bool
    prices: Sequence[int]
    peak: int | None
    demand: float = 1
    odd: tuple[date, restaurants.OddOrder] | None = None


@dataclass
class Route:
    """One vendor's deliveries to one branch; no vendor is the market stall.

    Attributes:
        until: The last delivery.
        steady: A story needs it regular: nothing is skipped and nothing goes wrong.
        order_id: The purchase order that the next delivery answers.
    """

    branch_id: int
    vendor_id: int | None
    department_id: int
    growth: float
    until: date
    steady: bool
    names_vendor: bool = False
    plans: list[Plan] = field(default_factory=list)
    deliveries: int = 0
    order_id: int | None = None


def write(files: SourceFiles, rng: SeededRandom, factor: float, as_of: date) -> None:
    """Write all procurement tables."""
    history = _History(files, rng, as_of)
    for number, vendor in enumerate(restaurants.VENDORS, 1):
        files.add("Vendor", vendor.name, f"{20 + number}-{1_000_000 + number * 417_719}")
    _write_names(files, "Branch", branch_names(round(BRANCHES_AT_FACTOR_1 * factor)))
    _write_names(files, "Department", restaurants.DEPARTMENTS)
    _write_names(files, "CostCenter", restaurants.COST_CENTERS)
    for item in restaurants.ITEMS:
        vendor_id = None if item.vendor is None else _VENDOR_IDS[item.vendor]
        files.add("Item", item.name, vendor_id, item.category, item.unit)
    schedule, stalls = _routes(rng, round(BRANCHES_AT_FACTOR_1 * factor), as_of)
    for day in _days(_first_day(as_of), as_of + timedelta(days=DAYS_BEYOND_AS_OF)):
        for route in schedule[day.toordinal() % FORTNIGHT]:
            if day <= route.until:
                history.deliver(route, day)
        for stall in stalls:
            if rng.chance(restaurants.MARKET_STALL_SHARE_OF_DAYS):
                history.deliver(stall, day)
    history.deliver_around_midnight(_midnight_route(schedule))
    for story in restaurants.FORGOTTEN_ORDERS:
        # Remembered at last, a day too late to count.
        history.order(_branch_id(story.branch), _VENDOR_IDS[story.vendor], as_of + timedelta(days=1))
    _write_papers(files, as_of)


def _write_papers(files: SourceFiles, as_of: date) -> None:
    """Write what was entered beside the regular deliveries; no random number is drawn, so the rest stays the same."""
    vendor_ids = _VENDOR_IDS | {name: files.add("Vendor", name, tax_id) for name, tax_id in restaurants.PAPER_VENDORS}
    item_ids = {
        item.name: files.add("Item", item.name, vendor_ids[item.vendor], item.category, item.unit)
        for item in restaurants.PAPER_ITEMS
    }
    for paper in restaurants.PAPERS:
        moment = datetime.combine(as_of - timedelta(days=paper.days_ago), time(11))
        branch_id, vendor_id = _branch_id(paper.branch), vendor_ids[paper.vendor]
        invoice_id = files.add(
            *("Invoice", moment, "APPROVED", branch_id, 1, 1, None, vendor_id, None, moment, paper.number)
        )
        for item, quantity, price in paper.lines:
            files.add("InvoiceItem", invoice_id, item_ids[item], quantity, f"{price // 100}.{price % 100:02d}")


def branch_names(count: int) -> list[str]:
    """The branches' names: the districts, then the districts of further cities, then of those cities once more."""
    names = []
    for position in range(count):
        city, district = divmod(position, len(restaurants.DISTRICTS))
        again, place = divmod(city - 1, len(restaurants.CITIES))
        suffix = "" if city == 0 else f", {restaurants.CITIES[place]}" + (f" {again + 1}" if again else "")
        names.append(restaurants.DISTRICTS[district] + suffix)
    return names


_VENDOR_IDS = {vendor.name: number for number, vendor in enumerate(restaurants.VENDORS, 1)}
_VENDORS = {vendor.name: vendor for vendor in restaurants.VENDORS}
_DEPARTMENT_IDS = {name: number for number, name in enumerate(restaurants.DEPARTMENTS, 1)}


def _branch_id(district: str) -> int:
    return restaurants.DISTRICTS.index(district) + 1


def _write_names(files: SourceFiles, table: str, names: Iterable[str]) -> None:
    files.add_all(table, ((name,) for name in names))


def _first_day(as_of: date) -> date:
    month = as_of.year * 12 + as_of.month - 1 - MONTHS_OF_HISTORY
    return date(month // 12, month % 12 + 1, 1)


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


# --- The world before the first day --------------------------------------------------------------------------------

Story = TypeVar(
    "Story",
    restaurants.LocalPrice,
    restaurants.SmallOrders,
    restaurants.OddOrder,
    restaurants.GrowingDemand,
    restaurants.ForgottenOrder,
)
PriceList = Callable[[restaurants.Item, int, int], Sequence[int]]
RouteDays = tuple[Route, tuple[int, ...]]

_STORY_ITEMS = frozenset(
    [story.item for story in restaurants.SECOND_SOURCES]
    + [story.item for story in restaurants.LOCAL_PRICES]
    + [story.item for story in restaurants.PRICE_RISES]
    + [story.item for story in restaurants.ODD_ORDERS]
)


class _Branch:
    """One branch and the stories about it.

    Attributes:
        size: What it orders, an average branch being 1.
        growth: How much more it orders after a year.
    """

    def __init__(self, position: int, rng: SeededRandom, as_of: date) -> None:
        self.id = position + 1
        self.as_of = as_of
        self.size = rng.between(0.7, 1.4)
        self.growth = rng.between(-0.04, 0.08)
        self._district = restaurants.DISTRICTS[position % len(restaurants.DISTRICTS)]
        self._in_first_city = position < len(restaurants.DISTRICTS)
        self.second_sources = {
            story.item: story for story in restaurants.SECOND_SOURCES if self._district in story.districts
        }
        self.local_prices = {story.item: story for story in self._own(restaurants.LOCAL_PRICES)}
        self.small_orders = {story.vendor: story for story in self._own(restaurants.SMALL_ORDERS)}
        self.odd_orders = {story.item: story for story in self._own(restaurants.ODD_ORDERS)}
        self.growing_demand = {story.item: story for story in self._own(restaurants.GROWING_DEMAND)}
        self.forgotten_orders = {story.vendor: story for story in self._own(restaurants.FORGOTTEN_ORDERS)}

    def _own(self, stories: Iterable[Story]) -> Iterable[Story]:
        return (story for story in stories if self._in_first_city and story.branch == self._district)

    def carries(self, item: restaurants.Item, rng: SeededRandom) -> bool:
        """Whether the branch buys an item: always what a story is about."""
        if item.branches:
            return self._in_first_city and self._district in item.branches
        by_story = item.vendor in self.small_orders or item.vendor in self.forgotten_orders
        return by_story or item.name in _STORY_ITEMS or rng.chance(SHARE_CARRIED)


def _routes(rng: SeededRandom, branch_count: int, as_of: date) -> tuple[list[list[Route]], list[Route]]:
    """Who delivers what to whom.

    Returns:
        The routes of each of the 14 days, and the market stalls, which have no fixed days.
    """
    price_list = _price_lists(rng, as_of)
    schedule: list[list[Route]] = [[] for _ in range(FORTNIGHT)]
    stalls = []
    for position in range(branch_count):
        for route, days in _routes_of_branch(_Branch(position, rng, as_of), rng, price_list):
            if route.vendor_id is None:
                stalls.append(route)
            for day in days:
                schedule[day % FORTNIGHT].append(route)
    return schedule, stalls


def _routes_of_branch(branch: _Branch, rng: SeededRandom, price_list: PriceList) -> list[RouteDays]:
    found: dict[str | None, RouteDays] = {}
    for item_id, item in enumerate(restaurants.ITEMS, 1):
        if not branch.carries(item, rng):
            continue
        second = branch.second_sources.get(item.name)
        vendor = second.vendor if second else item.vendor
        if vendor not in found:
            found[vendor] = _new_route(branch, vendor, rng)
        route, _ = found[vendor]
        route.names_vendor |= second is not None
        route.plans.append(_new_plan(branch, item_id, item, rng, price_list))
    return list(found.values())


def _new_route(branch: _Branch, vendor: str | None, rng: SeededRandom) -> RouteDays:
    if vendor is None:
        department_id = _DEPARTMENT_IDS[restaurants.MARKET_STALL_DEPARTMENT]
        return Route(branch.id, None, department_id, branch.growth, date.max, steady=False), ()
    small, forgotten = branch.small_orders.get(vendor), branch.forgotten_orders.get(vendor)
    days = small.days if small else _VENDORS[vendor].days
    # Day 0 of the fortnight is a Sunday, as is day 7.
    first = rng.whole(1, 3) if days == restaurants.TWICE_A_WEEK else rng.whole(1, 6)
    until = date.max
    if forgotten:
        until = branch.as_of - timedelta(days=forgotten.days_ago)
        first = until.toordinal()
    department_id = _DEPARTMENT_IDS[_VENDORS[vendor].department]
    steady = small is not None or forgotten is not None
    route = Route(branch.id, _VENDOR_IDS[vendor], department_id, branch.growth, until, steady)
    return route, tuple(first + day for day in days)


def _new_plan(branch: _Branch, item_id: int, item: restaurants.Item, rng: SeededRandom, price_list: PriceList) -> Plan:
    percent = lately = 100
    quantity = item.quantity * branch.size * rng.between(0.9, 1.15)
    every, offset = item.every, rng.whole(0, item.every - 1)
    if second := branch.second_sources.get(item.name):
        percent, lately = second.percent, second.lately or second.percent
    if local := branch.local_prices.get(item.name):
        percent = lately = local.percent
    if small := branch.small_orders.get(item.vendor or ""):
        quantity, every = small.quantity, 1
    prices = price_list(item, percent, lately)
    plan = Plan(item_id, every, offset, quantity, item.unit in UNITS_IN_TENTHS, prices, item.peak)
    if growing := branch.growing_demand.get(item.name):
        plan.demand = growing.factor
    if odd := branch.odd_orders.get(item.name):
        plan.odd = (branch.as_of - timedelta(days=odd.days_ago), odd)
    return plan


def _price_lists(rng: SeededRandom, as_of: date) -> PriceList:
    """The vendors' price lists.

    Returns:
        A function of item, percentage of the list price and that percentage in the last month, to cents per month.
    """
    months = [as_of.year * 12 + as_of.month - 1 + back for back in range(-MONTHS_OF_HISTORY, 2)]
    this_month = as_of.year * 12 + as_of.month - 1
    rises = {story.item: story.percent for story in restaurants.PRICE_RISES}
    drifts = {}
    for item in restaurants.ITEMS:
        rounds = [month // 6 - months[0] // 6 for month in months]
        wobble = 0.015 if item.category in MARKET_CATEGORIES else 0.0
        drifts[item.name] = [1.012**steps * rng.between(1 - wobble, 1 + wobble) for steps in rounds]
    known: dict[tuple[str, int, int], Sequence[int]] = {}

    def price_list(item: restaurants.Item, percent: int, lately: int) -> Sequence[int]:
        key = (item.name, percent, lately)
        if key not in known:
            rise = rises.get(item.name, 100) / 100
            known[key] = [
                int(
                    item.price * drift * (lately if month >= this_month else percent) / 100
                    * (rise if month >= this_month - 1 else 1) + 0.5
                )
                for month, drift in zip(months, drifts[item.name], strict=True)
            ]  # fmt: skip
        return known[key]

    return price_list


def _midnight_route(schedule: list[list[Route]]) -> Route:
    airport, drinks = _branch_id("Airport"), _VENDOR_IDS[restaurants.THREEWELL]
    return next(
        route for routes in schedule for route in routes if route.branch_id == airport and route.vendor_id == drinks
    )


# --- Day by day ----------------------------------------------------------------------------------------------------


class _History:
    """Writes what is delivered, ordered and billed."""

    def __init__(self, files: SourceFiles, rng: SeededRandom, as_of: date) -> None:
        self._files = files
        self._rng = rng
        self._as_of = as_of
        self._invoices_of: Counter[int] = Counter()
        self._first_month = _month(_first_day(as_of))
        self._vendor_named_from = as_of - timedelta(days=VENDOR_ON_INVOICE_DAYS)
        self._pending_from = as_of - timedelta(days=restaurants.PENDING_DAYS - 1)
        self._mishaps = list(zip(accumulate(restaurants.MISHAPS.values()), restaurants.MISHAPS, strict=True))

    def deliver(self, route: Route, day: date) -> None:
        """Write one delivery's invoice, with what goes wrong with it, and order the next delivery."""
        route.deliveries += 1
        lines, is_odd = self._lines(route, day)
        if not lines:
            return
        spared = route.steady or is_odd
        self._bill(route, day, lines, None if spared else self._mishap(), spared=spared)
        if route.vendor_id is not None and day < route.until:
            ordered_on = day + timedelta(days=1)
            route.order_id = self.order(route.branch_id, route.vendor_id, ordered_on, self._to_order(route, ordered_on))

    def order(self, branch_id: int, vendor_id: int, day: date, amount: int | None = None) -> int:
        """Write one purchase order, its amount in whole money, and return its id."""
        status = "RECEIVED" if day + timedelta(days=7) < self._as_of else "SENT"
        return self._files.add("PurchaseOrder", vendor_id, branch_id, status, f"{day} 10:30:00", amount)

    def deliver_around_midnight(self, route: Route) -> None:
        """Write an invoice in the last millisecond of the as-of date and one in the first of the next day."""
        plan = route.plans[0]
        line = (plan.item_id, round(plan.quantity), plan.prices[-2])
        self._invoice(route, f"{self._as_of} 23:59:59.999", [line])
        self._invoice(route, f"{self._as_of + timedelta(days=1)} 00:00:00.000", [line])

    def _lines(self, route: Route, day: date) -> tuple[list[Line], bool]:
        rng = self._rng
        month = _month(day) - self._first_month
        growth = self._growth(route, day)
        lines: list[Line] = []
        is_odd = False
        for plan in route.plans:
            if (route.deliveries + plan.offset) % plan.every:
                continue
            if not route.steady and rng.chance(restaurants.SKIPPED_SHARE):
                continue
            quantity = self._usual_quantity(plan, day) * growth * rng.between(0.9, 1.1)
            price = plan.prices[month]
            if plan.odd is not None and day >= plan.odd[0]:
                quantity *= plan.odd[1].quantity
                price = round(price * plan.odd[1].price)
                plan.odd, is_odd = None, True
            lines.append((plan.item_id, round(quantity, 1) if plan.in_tenths else round(quantity), price))
        return lines, is_odd

    def _to_order(self, route: Route, day: date) -> int:
        """What the next delivery that has something due should cost, with a tenth to spare, rounded up to tens."""
        due: list[Plan] = []
        delivery = route.deliveries
        while not due:
            delivery += 1
            due = [plan for plan in route.plans if (delivery + plan.offset) % plan.every == 0]
        month = _month(day) - self._first_month
        cents = sum(self._usual_quantity(plan, day) * plan.prices[month] for plan in due) * self._growth(route, day)
        return ceil(cents * 1.1 / 1000) * 10

    def _growth(self, route: Route, day: date) -> float:
        return 1 + route.growth * (day - self._as_of).days / 365

    def _usual_quantity(self, plan: Plan, day: date) -> float:
        """What is ordered of an item before growth and chance."""
        season = 1 if plan.peak is None else _season(plan.peak, day)
        return plan.quantity * season * (1 if plan.demand == 1 else self._demand(plan, day))

    def _demand(self, plan: Plan, day: date) -> float:
        """Demand that grows evenly over the last half year."""
        progress = 1 - (self._as_of - day).days / 180
        return 1 + (plan.demand - 1) * min(1, max(0, progress))

    def _mishap(self) -> str | None:
        drawn = self._rng.random()
        return next((mishap for bound, mishap in self._mishaps if drawn < bound), None)

    def _bill(self, route: Route, day: date, lines: list[Line], mishap: str | None, *, spared: bool) -> None:
        moment = datetime.combine(day, time(self._rng.whole(6, 14), self._rng.whole(0, 59)))
        item_id, quantity, price = lines[0]
        status, deleted_at = "APPROVED", None
        if mishap == "rejected":
            status = "REJECTED"
        elif day >= self._pending_from and not spared and self._rng.chance(restaurants.PENDING_SHARE):
            status = "PENDING"
        if mishap == "deleted":
            deleted_at = moment + timedelta(days=2, hours=3)
        elif mishap == "free sample":
            lines = [*lines, (item_id, 1, 0)]
        elif mishap == "entered without quantity":
            lines = [*lines, (item_id, 0, price)]
        self._invoice(
            route,
            moment,
            lines,
            status=status,
            deleted_at=deleted_at,
            branch_known=mishap != "branch left out",
            department_known=mishap != "department left out",
        )
        if mishap == "credit note":
            self._invoice(route, moment + timedelta(days=1), [(item_id, -_part(quantity, 5), price)])
        elif mishap == "second delivery":
            again = [(item_id, _part(quantity, 2), price) for item_id, quantity, price in lines]
            self._invoice(route, moment + timedelta(hours=5), again)

    def _invoice(
        self,
        route: Route,
        moment: datetime | str,
        lines: Sequence[Line],
        *,
        status: str = "APPROVED",
        deleted_at: datetime | None = None,
        branch_known: bool = True,
        department_known: bool = True,
    ) -> None:
        names_vendor = route.names_vendor or str(moment)[:10] >= str(self._vendor_named_from)
        invoice_id = self._files.add(
            "Invoice",
            moment,
            status,
            route.branch_id if branch_known else None,
            route.department_id if department_known else None,
            self._cost_center(),
            deleted_at,
            route.vendor_id if names_vendor else None,
            route.order_id,
            deleted_at or moment,
            self._invoice_number(route.vendor_id),
        )
        for item_id, quantity, price in lines:
            self._files.add("InvoiceItem", invoice_id, item_id, quantity, f"{price // 100}.{price % 100:02d}")

    def _invoice_number(self, vendor_id: int | None) -> str | None:
        """The vendor's own next number; the market stall has none."""
        if vendor_id is None:
            return None
        self._invoices_of[vendor_id] += 1
        initials = "".join(word[0] for word in restaurants.VENDORS[vendor_id - 1].name.split())
        return f"{initials}-{10_000 + self._invoices_of[vendor_id]}"

    def _cost_center(self) -> int | None:
        """Mostly the restaurant, sometimes catering, rarely an event, and now and then nobody's."""
        drawn = self._rng.random()
        if drawn < restaurants.COST_CENTER_LEFT_OUT:
            return None
        return 1 if drawn < 0.85 else 2 if drawn < 0.97 else 3  # noqa: PLR2004 - shares of nothing else


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _season(peak: int, day: date) -> float:
    """The season's factor, which moves from each month's first day evenly to that of the next."""
    factors = []
    for month in (day.month, day.month + 1):
        distance = abs(peak - month) % 12
        factors.append(restaurants.SEASON[min(distance, 12 - distance)])
    return factors[0] + (factors[1] - factors[0]) * (day.day - 1) / 31


def _part(quantity: float, divisor: int) -> int:
    """A part of a quantity in whole units, at least one."""
    return max(1, round(quantity / divisor))
