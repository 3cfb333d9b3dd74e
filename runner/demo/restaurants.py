"""The demo's procurement data: a group of restaurants and where it buys.

Everything here is invented. `ITEMS` is the catalogue, the `STORIES` at the end are what the recommendation rules are
meant to find; `procurement.py` lets the group buy day by day.
"""

from dataclasses import dataclass

# The first city's branches go by their district alone; further cities are added when the demo is larger.
DISTRICTS = (
    "Downtown",
    "Riverside",
    "Old Town",
    "Harbor Point",
    "Airport",
    "University",
    "Market Square",
    "Lakeside",
    "Northgate",
    "Opera House",
    "Central Station",
    "Garden District",
)
CITIES = (
    "Ashford", "Brookhaven", "Carrow", "Dunmore", "Easton", "Fairwater", "Glenrock", "Holloway", "Inverleigh",
    "Kingsmead", "Larchmont", "Millbrook", "Norwood", "Oakhurst", "Pinehurst", "Queensbridge", "Redfield",
    "Summerton", "Thornbury", "Underhill", "Vale Cross", "Westerly", "Yarrow", "Zennor",
)  # fmt: skip

DEPARTMENTS = ("Kitchen", "Bar", "Bakery", "Front of House")
COST_CENTERS = ("Restaurant", "Catering", "Events")


@dataclass(frozen=True)
class Vendor:
    """A supplier.

    Attributes:
        name: The name on its invoices.
        department: Who receives the goods.
        days: The days it delivers in a rhythm of two weeks, counted from the branch's own first day.
    """

    name: str
    department: str
    days: tuple[int, ...]


TWICE_A_WEEK = (0, 3, 7, 10)
WEEKLY = (0, 7)
FORTNIGHTLY = (0,)

HARBOR = "Harbor Meats"
VALLEY = "Valley Foods"
SALTMARSH = "Saltmarsh Seafood"
GULLWING = "Gullwing Fish Company"
FENNEL = "Fennel & Field Produce"
ORCHARD = "Orchard Lane Growers"
LARKHILL = "Larkhill Creamery"
MILL = "Morning Mill Bakery"
CRUMB = "Corner Crumb Bakehouse"
OLDACRE = "Oldacre Dry Goods"
PELLWORTH = "Pellworth Provisions"
KETTLE = "Copper Kettle Roasters"
THREEWELL = "Threewell Beverages"
CELLAR = "Cellar & Stave Wines"
BRIGHTMOP = "Brightmop Cleaning Supply"
FOLDWELL = "Foldwell Packaging"
SAFFRON = "Saffron Gate Spices"

VENDORS = (
    Vendor(HARBOR, "Kitchen", TWICE_A_WEEK),
    Vendor(VALLEY, "Kitchen", TWICE_A_WEEK),
    Vendor(SALTMARSH, "Kitchen", TWICE_A_WEEK),
    Vendor(GULLWING, "Kitchen", TWICE_A_WEEK),
    Vendor(FENNEL, "Kitchen", TWICE_A_WEEK),
    Vendor(ORCHARD, "Kitchen", TWICE_A_WEEK),
    Vendor(LARKHILL, "Kitchen", TWICE_A_WEEK),
    Vendor(MILL, "Bakery", TWICE_A_WEEK),
    Vendor(CRUMB, "Bakery", TWICE_A_WEEK),
    Vendor(OLDACRE, "Kitchen", WEEKLY),
    Vendor(PELLWORTH, "Kitchen", WEEKLY),
    Vendor(KETTLE, "Bar", WEEKLY),
    Vendor(THREEWELL, "Bar", WEEKLY),
    Vendor(CELLAR, "Bar", WEEKLY),
    Vendor(BRIGHTMOP, "Front of House", FORTNIGHTLY),
    Vendor(FOLDWELL, "Front of House", FORTNIGHTLY),
    Vendor(SAFFRON, "Kitchen", WEEKLY),
)

# What the kitchen buys with petty cash, on no particular day: these invoices name no vendor, nor do the items.
MARKET_STALL_DEPARTMENT = "Kitchen"
MARKET_STALL_SHARE_OF_DAYS = 0.05


@dataclass(frozen=True)
class Item:
    """Something the branches buy.

    Attributes:
        vendor: Who sells it as a rule; None on the market stall.
        price: Its list price in the first month, in cents per unit.
        quantity: A usual order of a branch of average size. Smaller orders than 4 are not credible: there a single
            piece more would look like a doubled order.
        every: It is on every n-th delivery.
        peak: The month it sells best, for what has a season.
        branches: Only these districts of the first city carry it; empty: most branches do.
    """

    name: str
    category: str
    unit: str
    vendor: str | None
    price: int
    quantity: int
    every: int = 1
    peak: int | None = None
    branches: tuple[str, ...] = ()


ITEMS = (
    Item("Ground Beef", "Meat", "kg", HARBOR, 840, 24),
    Item("Beef Tenderloin", "Meat", "kg", HARBOR, 3250, 8, 2),
    Item("Ribeye Steak", "Meat", "kg", HARBOR, 2780, 9, 2),
    Item("Pork Shoulder", "Meat", "kg", HARBOR, 590, 16, 2),
    Item("Smoked Bacon", "Meat", "kg", HARBOR, 920, 9, 2),
    Item("Italian Sausage", "Meat", "kg", HARBOR, 760, 9, 4),
    Item("Pork Ribs", "Meat", "kg", HARBOR, 720, 12, 4),
    Item("Lamb Leg", "Meat", "kg", HARBOR, 1640, 8, 2, peak=4),
    Item("Chicken Breast", "Poultry", "kg", VALLEY, 975, 26),
    Item("Chicken Thigh", "Poultry", "kg", VALLEY, 680, 18, 2),
    Item("Whole Chicken", "Poultry", "kg", VALLEY, 510, 18, 4),
    Item("Duck Breast", "Poultry", "kg", VALLEY, 1890, 7, 4),
    Item("Whole Turkey", "Poultry", "kg", VALLEY, 640, 16, 2, peak=12),
    Item("Free-Range Eggs", "Poultry", "dozen", VALLEY, 360, 36, 2),
    Item("Atlantic Salmon Fillet", "Seafood", "kg", SALTMARSH, 1980, 10),
    Item("Cod Fillet", "Seafood", "kg", SALTMARSH, 1540, 9, 2),
    Item("King Prawns", "Seafood", "kg", SALTMARSH, 1860, 8, 2),
    Item("Mussels", "Seafood", "kg", SALTMARSH, 520, 12, 4),
    Item("Squid", "Seafood", "kg", GULLWING, 1090, 7, 4),
    Item("Smoked Mackerel", "Seafood", "kg", GULLWING, 1180, 7, 4),
    Item("Oysters", "Seafood", "dozen", GULLWING, 1350, 18, 2, peak=12),
    Item("Lobster Tails", "Seafood", "kg", GULLWING, 4650, 7, 4, branches=("Opera House",)),
    Item("Romaine Lettuce", "Produce", "case", FENNEL, 2150, 7, 2),
    Item("Vine Tomatoes", "Produce", "kg", FENNEL, 310, 26, 2),
    Item("Yellow Onions", "Produce", "kg", FENNEL, 120, 30, 2),
    Item("Russet Potatoes", "Produce", "kg", FENNEL, 95, 60, 2),
    Item("Carrots", "Produce", "kg", FENNEL, 110, 20, 4),
    Item("Bell Peppers", "Produce", "kg", FENNEL, 340, 14, 2),
    Item("Baby Spinach", "Produce", "kg", FENNEL, 780, 7, 2),
    Item("Button Mushrooms", "Produce", "kg", FENNEL, 590, 9, 2),
    Item("Garlic", "Produce", "kg", FENNEL, 480, 7, 4),
    Item("Asparagus", "Produce", "kg", FENNEL, 860, 9, 2, peak=5),
    Item("Butternut Squash", "Produce", "kg", FENNEL, 210, 18, 2, peak=11),
    Item("Lemons", "Fruit", "kg", ORCHARD, 260, 12, 2),
    Item("Limes", "Fruit", "kg", ORCHARD, 310, 8, 2),
    Item("Avocados", "Fruit", "case", ORCHARD, 2480, 7, 4),
    Item("Cooking Apples", "Fruit", "kg", ORCHARD, 220, 16, 4),
    Item("Strawberries", "Fruit", "kg", ORCHARD, 620, 12, 2, peak=6),
    Item("Watermelon", "Fruit", "kg", ORCHARD, 130, 32, 2, peak=8),
    Item("Blood Oranges", "Fruit", "kg", ORCHARD, 320, 14, 2, peak=2),
    Item("Damson Plums", "Fruit", "kg", ORCHARD, 390, 10, 2, peak=9),
    Item("Unsalted Butter", "Dairy", "kg", LARKHILL, 890, 11),
    Item("Heavy Cream", "Dairy", "litre", LARKHILL, 460, 18, 2),
    Item("Whole Milk", "Dairy", "litre", LARKHILL, 105, 60),
    Item("Mozzarella", "Dairy", "kg", LARKHILL, 940, 12, 2),
    Item("Aged Parmesan", "Dairy", "kg", LARKHILL, 1750, 7, 4),
    Item("Farmhouse Cheddar", "Dairy", "kg", LARKHILL, 820, 8, 4),
    Item("Greek Yogurt", "Dairy", "kg", LARKHILL, 410, 9, 4),
    Item("Vanilla Ice Cream", "Dairy", "litre", LARKHILL, 520, 16, 2, peak=7),
    Item("Burger Buns", "Bakery", "pack", MILL, 420, 15, 2),
    Item("Sourdough Loaves", "Bakery", "each", MILL, 390, 15, 2),
    Item("Flatbread", "Bakery", "pack", MILL, 350, 10, 4),
    Item("Croissants", "Bakery", "each", CRUMB, 115, 30, 2),
    Item("Brioche Rolls", "Bakery", "pack", CRUMB, 480, 9, 2),
    Item("Basmati Rice", "Dry goods", "kg", OLDACRE, 230, 30),
    Item("Penne Pasta", "Dry goods", "kg", OLDACRE, 190, 24),
    Item("Bread Flour", "Dry goods", "kg", OLDACRE, 95, 50),
    Item("Extra Virgin Olive Oil", "Dry goods", "litre", OLDACRE, 870, 15),
    Item("Canola Frying Oil", "Dry goods", "litre", OLDACRE, 260, 40),
    Item("Peeled Tomatoes", "Dry goods", "case", OLDACRE, 1850, 9, 2),
    Item("Cane Sugar", "Dry goods", "kg", OLDACRE, 120, 20, 4),
    Item("Dark Chocolate", "Dry goods", "kg", OLDACRE, 1120, 7, 2),
    Item("Balsamic Vinegar", "Dry goods", "litre", OLDACRE, 740, 7, 4),
    Item("Frozen Fries", "Frozen", "kg", PELLWORTH, 240, 60),
    Item("Garden Peas", "Frozen", "kg", PELLWORTH, 220, 14, 2),
    Item("Mayonnaise", "Dry goods", "litre", PELLWORTH, 440, 10, 2),
    Item("Tomato Ketchup", "Dry goods", "case", PELLWORTH, 1980, 7, 4),
    Item("Coconut Milk", "Dry goods", "case", PELLWORTH, 2240, 7, 4),
    Item("Espresso Beans", "Coffee and tea", "kg", KETTLE, 1680, 12),
    Item("Decaf Beans", "Coffee and tea", "kg", KETTLE, 1790, 7, 4),
    Item("Breakfast Tea", "Coffee and tea", "pack", KETTLE, 620, 8, 2),
    Item("Drinking Chocolate", "Coffee and tea", "kg", KETTLE, 980, 9, peak=12),
    Item("Sparkling Water", "Drinks", "case", THREEWELL, 980, 18),
    Item("Tonic Water", "Drinks", "case", THREEWELL, 1390, 9, 2),
    Item("Orange Juice", "Drinks", "litre", THREEWELL, 240, 36),
    Item("Draught Lager", "Drinks", "litre", THREEWELL, 215, 100),
    Item("Cloudy Lemonade", "Drinks", "case", THREEWELL, 840, 16, 2, peak=7),
    Item("House Red", "Wine", "bottle", CELLAR, 740, 30),
    Item("House White", "Wine", "bottle", CELLAR, 710, 30),
    Item("Prosecco", "Wine", "bottle", CELLAR, 890, 24, 2),
    Item("Dish Detergent", "Supplies", "canister", BRIGHTMOP, 1420, 7),
    Item("Hand Soap", "Supplies", "canister", BRIGHTMOP, 1160, 7, 2),
    Item("Kitchen Degreaser", "Supplies", "canister", BRIGHTMOP, 1790, 7, 2),
    Item("Takeaway Boxes", "Supplies", "pack", FOLDWELL, 1180, 18),
    Item("Paper Napkins", "Supplies", "pack", FOLDWELL, 620, 15),
    Item("Coffee Cups", "Supplies", "pack", FOLDWELL, 740, 12, 2),
    Item("Smoked Paprika", "Spices", "kg", SAFFRON, 1380, 7, 4),
    Item("Black Peppercorns", "Spices", "kg", SAFFRON, 1560, 7, 4),
    Item("Truffle Oil", "Spices", "bottle", SAFFRON, 2890, 7, 2, branches=("Garden District",)),
    Item("Farmers Market Herbs", "Produce", "bunch", None, 150, 30),
    Item("Farmers Market Flowers", "Decoration", "bunch", None, 650, 9),
)

# How a season moves an item's quantity, by months between a day's first of the month and its peak's.
SEASON = (1.6, 1.4, 1.2, 1.0, 0.8, 0.6, 0.4)


# --- Stories -------------------------------------------------------------------------------------------------------
# Each is written for a rule. Branch names are districts of the first city; "days ago" counts back from the as-of date.


@dataclass(frozen=True)
class SecondSource:
    """Some branches buy an item from another vendor, since the network let them choose.

    Attributes:
        percent: The other vendor's price, the item's own vendor's being 100.
        districts: The branches that do, in every city.
        lately: The percentage from the as-of date's month on, where it changes.
    """

    item: str
    vendor: str
    percent: int
    districts: tuple[str, ...]
    lately: int | None = None


@dataclass(frozen=True)
class LocalPrice:
    """A branch pays this percentage of what its vendor asks of everybody else."""

    item: str
    branch: str
    percent: int


@dataclass(frozen=True)
class PriceRise:
    """A vendor asks this percentage of its old price from the month before the as-of date's on."""

    item: str
    percent: int


@dataclass(frozen=True)
class SmallOrders:
    """A branch has a vendor deliver on these of 14 days, each time no more than this of an item."""

    branch: str
    vendor: str
    days: tuple[int, ...]
    quantity: int


@dataclass(frozen=True)
class OddOrder:
    """The first order of an item by a branch from so many days ago on goes wrong.

    Attributes:
        quantity: The quantity is this many times the usual one (somebody ordered twice).
        price: The price is this many times the usual one (somebody mistyped it).
    """

    branch: str
    item: str
    days_ago: int
    quantity: float = 1
    price: float = 1


@dataclass(frozen=True)
class GrowingDemand:
    """A branch buys more and more of an item: this much more after half a year."""

    branch: str
    item: str
    factor: float


@dataclass(frozen=True)
class ForgottenOrder:
    """A branch had its last delivery from a vendor so many days ago and has not ordered since."""

    branch: str
    vendor: str
    days_ago: int


SECOND_SOURCES = (
    # Dearer than the item's own vendor: these branches should switch (cheaper_vendor, many_vendors). Downtown's
    # chicken can come from Valley Foods or, for the very same price, from Pellworth Provisions: a tie.
    SecondSource("Chicken Breast", HARBOR, 115, ("Downtown", "Airport")),
    SecondSource("Chicken Breast", PELLWORTH, 100, ("Lakeside", "Northgate")),
    SecondSource("Atlantic Salmon Fillet", GULLWING, 109, ("Riverside", "Opera House")),
    SecondSource("Mozzarella", PELLWORTH, 112, ("University",)),
    SecondSource("Takeaway Boxes", PELLWORTH, 118, ("Airport", "Central Station")),
    # Cheaper than the item's own vendor, where few have noticed.
    SecondSource("Prosecco", THREEWELL, 91, ("Downtown", "Riverside", "Old Town", "Harbor Point", "Airport",
                                             "University", "Market Square", "Lakeside", "Opera House")),
    # Was cheap, but the offer has ended: nobody should switch now (price_rise sees it go up).
    SecondSource("Unsalted Butter", PELLWORTH, 85, ("Market Square", "Garden District"), lately=100),
    # A little dearer: worth a word, not a switch (many_vendors).
    SecondSource("Ground Beef", VALLEY, 102, ("Old Town", "Lakeside", "Central Station")),
    SecondSource("Espresso Beans", PELLWORTH, 103, ("Northgate",)),
    SecondSource("Bell Peppers", ORCHARD, 104, ("Harbor Point", "Garden District")),
    # The same list price from both, agreed for the whole network: nothing to gain.
    SecondSource("Beef Tenderloin", VALLEY, 100, ("Riverside", "Harbor Point", "Opera House")),
    SecondSource("Ribeye Steak", VALLEY, 100, ("Airport", "Market Square")),
    SecondSource("Chicken Thigh", HARBOR, 100, ("Old Town", "University")),
    SecondSource("Cod Fillet", GULLWING, 100, ("Downtown", "Lakeside", "Garden District")),
    SecondSource("King Prawns", GULLWING, 100, ("Harbor Point", "Northgate")),
    SecondSource("Free-Range Eggs", PELLWORTH, 100, ("Riverside", "Central Station")),
    SecondSource("Whole Milk", PELLWORTH, 100, ("Airport", "Lakeside")),
    SecondSource("Heavy Cream", PELLWORTH, 100, ("Market Square", "Opera House")),
    SecondSource("Vine Tomatoes", ORCHARD, 100, ("Downtown", "University")),
    SecondSource("Frozen Fries", VALLEY, 100, ("Harbor Point", "Old Town")),
    SecondSource("House Red", THREEWELL, 100, ("Downtown", "Lakeside")),
    SecondSource("House White", THREEWELL, 100, ("Downtown", "Lakeside")),
    SecondSource("Sparkling Water", PELLWORTH, 100, ("Riverside", "Market Square")),
    SecondSource("Romaine Lettuce", ORCHARD, 100, ("Old Town", "Central Station")),
    SecondSource("Lamb Leg", VALLEY, 100, ("Riverside", "University")),
    SecondSource("Whole Turkey", HARBOR, 100, ("Downtown", "Northgate")),
    SecondSource("Pork Shoulder", VALLEY, 100, ("Lakeside", "Airport")),
    SecondSource("Smoked Bacon", VALLEY, 100, ("Opera House",)),
    SecondSource("Oysters", SALTMARSH, 100, ("University", "Market Square")),
    SecondSource("Avocados", FENNEL, 100, ("Harbor Point", "Central Station")),
    SecondSource("Strawberries", FENNEL, 100, ("Old Town",)),
    SecondSource("Blood Oranges", FENNEL, 100, ("Old Town",)),
    SecondSource("Vanilla Ice Cream", PELLWORTH, 100, ("Garden District", "Downtown")),
    SecondSource("Aged Parmesan", PELLWORTH, 100, ("Riverside", "Northgate")),
    SecondSource("Peeled Tomatoes", PELLWORTH, 100, ("University",)),
    SecondSource("Cloudy Lemonade", PELLWORTH, 100, ("Airport", "Lakeside")),
)  # fmt: skip
LOCAL_PRICES = (
    LocalPrice("Canola Frying Oil", "Airport", 114),
    LocalPrice("Burger Buns", "Lakeside", 112),
    LocalPrice("Baby Spinach", "Opera House", 118),
    LocalPrice("Draught Lager", "University", 111),
)
PRICE_RISES = (
    PriceRise("Extra Virgin Olive Oil", 114),
    PriceRise("Dark Chocolate", 122),
    PriceRise("Orange Juice", 110),
)
SMALL_ORDERS = (
    SmallOrders("Lakeside", CRUMB, (0, 2, 4, 6, 8, 10, 12), quantity=8),
    SmallOrders("Market Square", CRUMB, (0, 3, 6, 9, 12), quantity=10),
)
ODD_ORDERS = (
    OddOrder("Riverside", "Pork Shoulder", 24, quantity=2.6),
    OddOrder("Central Station", "Basmati Rice", 13, quantity=3),
    OddOrder("Harbor Point", "Chicken Breast", 27, quantity=2.4),
    OddOrder("Garden District", "Truffle Oil", 24, price=3),
    OddOrder("Opera House", "Lobster Tails", 24, price=2.5),
)
# Harbor Point's big chicken order is one of many that grow: less surely a mistake.
GROWING_DEMAND = (GrowingDemand("Harbor Point", "Chicken Breast", 1.3),)
FORGOTTEN_ORDERS = (
    ForgottenOrder("Old Town", KETTLE, 6),
    ForgottenOrder("Northgate", CELLAR, 9),
    ForgottenOrder("University", BRIGHTMOP, 16),
    ForgottenOrder("Riverside", FOLDWELL, 9),
)


# --- Stories on paper ----------------------------------------------------------------------------------------------
# Invoices that somebody entered beside the regular deliveries: each is there for a mart about spending to find, or not.

DEPOT_12, DEPOT_13, GAS = "Linen Depot 12", "Linen Depot 13", "Northern Gas Supply"
KETTLE_AGAIN, BRIGHTMOP_AGAIN = "The Copper Kettle Roasters, Ltd.", "Brightmop Cleaning"

# Vendors without regular deliveries, with their tax ids: one is Copper Kettle Roasters by name, one is Brightmop by its
# tax id. Depot 12 is not depot 13.
PAPER_VENDORS = (
    (DEPOT_12, "48-3300121"),
    (DEPOT_13, "48-3300139"),
    (GAS, "51-7710024"),
    (KETTLE_AGAIN, None),
    (BRIGHTMOP_AGAIN, "35 7265785"),
)


@dataclass(frozen=True)
class PaperItem:
    """Something that is bought now and then, in no rhythm."""

    name: str
    category: str
    unit: str
    vendor: str


PAPER_ITEMS = (
    PaperItem("Tablecloth Rental", "Services", "each", DEPOT_12),
    PaperItem("Napkin Rental", "Services", "each", DEPOT_12),
    PaperItem("Apron Rental", "Services", "each", DEPOT_12),
    PaperItem("Uniform Rental", "Services", "each", DEPOT_13),
    PaperItem("Gas Cartridges", "Supplies", "each", GAS),
    PaperItem("Propane Cylinders", "Supplies", "each", GAS),
    PaperItem("Dishwasher Salt", "Supplies", "bag", BRIGHTMOP),
    PaperItem("Barista Training", "Services", "day", KETTLE_AGAIN),
    PaperItem("Floor Polish", "Supplies", "canister", BRIGHTMOP_AGAIN),
)


@dataclass(frozen=True)
class Paper:
    """An invoice as it was entered.

    Attributes:
        number: The vendor's number as somebody typed it.
        lines: Item, quantity and price in cents.
    """

    vendor: str
    branch: str
    days_ago: int
    number: str
    lines: tuple[tuple[str, int, int], ...]


def _linen(tablecloths: int, napkins: int, aprons: int) -> tuple[tuple[str, int, int], ...]:
    return (("Tablecloth Rental", tablecloths, 210), ("Napkin Rental", napkins, 90), ("Apron Rental", aprons, 350))


PAPERS = (
    # The same number and total twice: found, though another branch or another spelling entered it.
    Paper(DEPOT_12, "Downtown", 40, "LD-4711", _linen(55, 80, 12)),
    Paper(DEPOT_12, "Riverside", 12, "ld 4711.", _linen(55, 80, 12)),
    Paper(GAS, "Old Town", 66, "NG-00815", (("Gas Cartridges", 40, 420),)),
    Paper(GAS, "Old Town", 61, "NG00815/", (("Gas Cartridges", 40, 420),)),
    # The same lines within two weeks under another number: found.
    Paper(DEPOT_12, "Lakeside", 25, "LD-4801", _linen(37, 24, 15)),
    Paper(DEPOT_12, "Lakeside", 18, "LD-4810", _linen(37, 24, 15)),
    # Instalments: one number, other totals.
    *(
        Paper(DEPOT_13, "Airport", days_ago, "LD-2040", (("Uniform Rental", pieces, 1200),))
        for days_ago, pieces in ((80, 10), (50, 12), (20, 14))
    ),
    # A standing order: the same every week, and none of it ordered in writing.
    *(
        Paper(DEPOT_12, "Northgate", days_ago, f"LD-{5000 - days_ago}", _linen(60, 60, 30))
        for days_ago in (2, 9, 16, 23, 30, 37)
    ),
    # A case entered as a piece, and a piece as a case of twelve; all others pay 4.20.
    *(
        Paper(GAS, DISTRICTS[place % 6], days_ago, f"NG-{1000 + place}", (("Gas Cartridges", 30, 420),))
        for place, days_ago in enumerate((340, 300, 260, 220, 180, 140, 100, 70, 35, 8))
    ),
    Paper(GAS, "Airport", 45, "NG-1101", (("Gas Cartridges", 10, 5040),)),
    Paper(GAS, "Harbor Point", 52, "NG-1102", (("Gas Cartridges", 60, 35),)),
    # The bag has held twice as much for two and a half months: nobody's mistake.
    *(
        Paper(BRIGHTMOP, "Garden District", days_ago, f"DS-{2000 + days_ago}", (("Dishwasher Salt", 6, 600),))
        for days_ago in range(88, 360, 14)
    ),
    *(
        Paper(BRIGHTMOP, "Garden District", days_ago, f"DS-{2000 + days_ago}", (("Dishwasher Salt", 3, 1200),))
        for days_ago in range(4, 88, 14)
    ),
    # Everybody has propane from one vendor; two branches did not.
    *(
        Paper(GAS, DISTRICTS[place % 12], days_ago, f"NG-{3000 + place}", (("Propane Cylinders", 8, 2400),))
        for place, days_ago in enumerate((430, 400, 370, 340, 310, 280, 250, 220, 190, 160, 130, 110, 72, 22))
    ),
    Paper(PELLWORTH, "Market Square", 55, "PP-P17", (("Propane Cylinders", 16, 3100),)),
    Paper(PELLWORTH, "University", 48, "PP-P19", (("Propane Cylinders", 20, 3000),)),
    # What the two vendors that are there twice have sold.
    Paper(KETTLE_AGAIN, "Downtown", 200, "CK-1", (("Barista Training", 2, 24000),)),
    Paper(KETTLE_AGAIN, "Lakeside", 100, "CK-2", (("Barista Training", 1, 24000),)),
    Paper(BRIGHTMOP_AGAIN, "Riverside", 61, "BC-77", (("Floor Polish", 4, 2250),)),
)

# Little things that go wrong with invoices, as shares of them. What a story needs is spared.
MISHAPS = {
    "deleted": 0.004,
    "rejected": 0.003,
    "branch left out": 0.006,
    "department left out": 0.010,
    "credit note": 0.006,
    "second delivery": 0.005,
    "free sample": 0.008,
    "entered without quantity": 0.001,
}
COST_CENTER_LEFT_OUT = 0.04
PENDING_DAYS = 4
PENDING_SHARE = 0.15
SKIPPED_SHARE = 0.03
