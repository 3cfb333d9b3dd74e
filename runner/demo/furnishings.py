"""The demo's alignment data: home-furnishings brands, their collections and the dealers who show them.

Everything here is invented. `alignment.py` lets them do business.
"""

from dataclasses import dataclass

# How much a collection appeals to dealers, from a brand's strongest to its weakest: every band the KEEP, DROP and ADD
# rules tell apart is in it.
FULL_RANGE = (
    1.00, 0.96, 0.92, 0.86, 0.80, 0.76, 0.71, 0.66, 0.60, 0.55, 0.50, 0.45, 0.40, 0.34, 0.28, 0.24, 0.20, 0.15, 0.10,
    0.07, 0.05, 0.03,
)  # fmt: skip
SHORT_RANGE = (1.00, 0.95, 0.85, 0.75, 0.64, 0.52, 0.40, 0.30, 0.22, 0.15, 0.08, 0.04)


@dataclass(frozen=True)
class Brand:
    """A vendor of the alignment database, known by its slug alone.

    Attributes:
        slug: The vendor id.
        prefix: How its SKUs begin.
        collections: Names, strongest first.
        appeal: The appeal of each, in the same order.
        share_of_dealers: How many dealers do business with it.
        sales_age_days: Its sales are reported up to this many days before the as-of date (0: to this day), or None.
        takes_selections: Whether dealers can select its products; else they only display them.
        announced: A collection that is announced but has no products yet.
        rising: Collections that dealers chose the more often the newer: their trend rises.
        fading: Collections that no dealer has chosen for DAYS_OUT_OF_FAVOUR: their trend falls.
    """

    slug: str
    prefix: str
    collections: tuple[str, ...]
    appeal: tuple[float, ...]
    share_of_dealers: float
    sales_age_days: int | None = None
    takes_selections: bool = True
    announced: str = ""
    rising: tuple[str, ...] = ()
    fading: tuple[str, ...] = ()


BRANDS = (
    # Reports its sales: influence rests on them.
    Brand(
        "marlowe-and-finch",
        "MF",
        (
            "Wrenfield", "Halcyon", "Tidewater", "Larkspur", "Ashcombe", "Coastline", "Bramblewood", "Sorrento",
            "Kestrel", "Fairlight", "Montrose", "Alder Row", "Quarry House", "Saltbox", "Verano", "Hollins", "Pembroke",
            "Drift", "Old Mill", "Copperfield", "Regent", "Winterbourne",
        ),
        FULL_RANGE,
        0.86,
        sales_age_days=0,
        rising=("Wrenfield", "Bramblewood"),
        fading=("Halcyon",),
    ),
    # Stopped reporting sales over a year ago: influence rests on displays.
    Brand(
        "juniper-hill-home",
        "JH",
        (
            "Solstice", "Meadowlark", "Hearthstone", "Lanai", "Orchard House", "Cinder", "Birchwater", "Sable",
            "Terrace", "Northlight", "Calico", "Gable End",
        ),
        SHORT_RANGE,
        0.66,
        sales_age_days=400,
        announced="Evergreen",
        rising=("Hearthstone",),
    ),
    # Never reported any.
    Brand(
        "saltgrass-living",
        "SL",
        (
            "Dune", "Harborlight", "Sea Oats", "Palmetto", "Sandbar", "Driftwood Row", "Lowcountry", "Heron", "Jetty",
            "Cabana", "Mariner", "Spindrift",
        ),
        SHORT_RANGE,
        0.5,
    ),
    # New to the selection tool: a few displays and nothing selected, so its trends are flat at zero.
    Brand("paper-lantern-studio", "PL", ("Kumo", "Inari", "Sumi"), (1, 1, 1), 0.05, takes_selections=False),
)  # fmt: skip

# Piece, product type (one kind of piece, not a room), size, finishes. Nulls, commas and quotes are as in real
# catalogues.
PIECES = (
    ("Sofa", "Sofa", '88"W x 38"D', ("Oatmeal Linen", "Slate Velvet", "Ivory Boucle")),
    ("Swivel Chair", "Swivel chair", '32"W x 34"D', ("Oatmeal Linen", "Cognac Leather")),
    ("Sideboard", "Sideboard", '72"W x 18"D', ("Natural Oak", "Walnut", "Black Ash")),
    ("Dining Table", "Dining table", '84"L x 40"W', ("Natural Oak", "Walnut")),
    ("Dining Chair", "Dining chair", None, ("Natural Oak", "Walnut", "Black Ash")),
    ("Queen Bed", "Queen bed", '64"W x 86"L', ("Natural Oak", "Ivory Boucle")),
    ("Nightstand", "Nightstand", '26"W x 18"D', ("Natural Oak", "Walnut", "Black Ash")),
    ("Cocktail Table", "Cocktail table", '48" round', ("Travertine", "Walnut")),
    ("Side Table", "Side table", None, ("Travertine", "Black Ash", "Antique Brass")),
    ("Table Lamp", "Table lamp", '28"H', ("Antique Brass", "White Ceramic")),
    ("Floor Mirror", None, '78"H x 36"W', ("Antique Brass", "Natural Oak")),
    ("Area Rug", "Area rug", "8' x 10'", (None,)),
)


@dataclass(frozen=True)
class Swap:
    """Two variants of one piece, of which dealers prefer the second: the story of SHIFT.

    Attributes:
        brand: The brand's slug.
        collection: The collection's name.
        piece: The piece's name, after that of the collection.
        less_wanted: Name ending, size and finish of the variant that few choose.
        more_wanted: The same of the one that most choose.
    """

    brand: str
    collection: str
    piece: str
    less_wanted: tuple[str, str, str]
    more_wanted: tuple[str, str, str]


SWAPS = (
    Swap(
        "marlowe-and-finch",
        "Fairlight",
        "Chandelier",
        (" 36-inch", "36-inch", "Antique Brass"),
        (" 24-inch", "24-inch", "Antique Brass"),
    ),
    Swap(
        "juniper-hill-home",
        "Cinder",
        "Bench",
        ("", '54"W x 18"D', "Natural Oak"),
        ("", '54"W x 18"D', "Ivory Boucle"),
    ),
)
# Of the dealers who look into a collection with such a pair: who chooses the one, and who the other.
CHOOSE_MORE_WANTED, CHOOSE_LESS_WANTED = 0.68, 0.16

REGIONS = (
    "Texas", "Southeast", "Mid-Atlantic", "Midwest", "Mountain West", "Pacific", "New England", "Gulf Coast", None,
)  # fmt: skip

# Of 20 dealers.
DEALER_TYPES = ("SHOWROOM",) * 10 + ("DESIGNER",) * 6 + ("DISTRIBUTOR",) * 2 + ("OTHER",) * 2

# How a dealer's name is made, by type; {} is a name, {0} and {1} two.
DEALER_NAMES = {
    "SHOWROOM": ("{} Home Furnishings", "{} Furniture Gallery", "{0} & {1} Home", "{} Interiors & Home", "House of {}"),
    "DESIGNER": ("{} Design Studio", "{0} + {1} Interiors", "Studio {}", "{} Residential Design"),
    "DISTRIBUTOR": ("{} Trade Supply", "{0} {1} Wholesale Furnishings"),
    "OTHER": ("{} Mercantile", "{} Gift & Home", "The {} Collective"),
}
DEALER_SURNAMES = (
    "Abernathy", "Ainsley", "Alcott", "Barlow", "Beckett", "Bellamy", "Briar", "Callahan", "Carrington", "Castellane",
    "Chandler", "Colton", "Crane", "Dalton", "Delacroix", "Delmonte", "Easterly", "Eastman", "Ellery", "Everhart",
    "Fairbanks", "Fenwick", "Fontaine", "Galloway", "Garland", "Grady", "Hadley", "Hargrove", "Hathaway", "Holliday",
    "Hollister", "Ives", "Jardine", "Kendrick", "Kirkland", "Lachlan", "Lafayette", "Langley", "Lattimore", "Linden",
    "Mayhew", "Mercer", "Merriweather", "Montague", "Nolan", "Oakes", "Palmer", "Pruitt", "Quimby", "Radcliffe",
    "Ransom", "Rivers", "Rosewood", "Sinclair", "Stanhope", "Tennyson", "Thackeray", "Vance", "Vaughn", "Waverly",
    "Weatherby", "Westbrook", "Whitaker", "Wilder", "Winslow", "Wyndham", "Yates", "Zeller",
)  # fmt: skip

# Month, city and first day of the trade's markets.
MARKETS = (
    (1, "Jan", "Dallas", 8),
    (4, "Apr", "High Point", 12),
    (6, "Jun", "Dallas", 18),
    (10, "Oct", "High Point", 18),
)

SELECTION_SOURCES = ("VirtualDallas", "eCat", "Showroom")

# Dealers who never go to a market: they select from the catalogue, display nothing and sell nothing (influence 0).
CATALOGUE_ONLY_SHARE = 0.12
# Dealers in the address book who have done nothing yet: active for nobody.
INACTIVE_DEALERS = 2

DAYS_OUT_OF_FAVOUR = 60

# A dealer looks into a collection of full appeal with the first probability, into one of none with the second.
LOOK_INTO, LOOK_INTO_ANYWAY = 0.78, 0.02
# What becomes of a product a dealer looked at, as steps up to 1: the rest is MUST_CARRY.
STATUS_STEPS = ((0.16, "PASSED"), (0.36, "INTERESTED"), (0.84, "SELECTED"), (1.0, "MUST_CARRY"))
