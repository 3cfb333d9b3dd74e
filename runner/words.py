"""How numbers, dates and counts read in a sentence."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from runner.rounding import rounded

MOST_PLACES = 6
WHOLE_PERCENT_FROM = 10
LEAST_PERCENT = Decimal("0.1")
# A shorter unit is an abbreviation (kg, lb) and has no plural.
SHORTEST_WORD = 3


@dataclass(frozen=True)
class Words:
    """Writes values as a person would.

    Attributes:
        currency: The ISO code before an amount, from the dbt var `currency`; empty for none.
    """

    currency: str = ""

    def price(self, value: Decimal | Fraction) -> str:
        """A unit price: 11.40, and below one cent's precision as many digits as it takes to say something."""
        number = rounded(value, _places(value))
        return self._money(number, max(2, -int(number.normalize().as_tuple().exponent)))

    def amount(self, value: Decimal | Fraction) -> str:
        """An amount of money to the cent: 1,204.50."""
        return self._money(rounded(value, 2), 2)

    def roughly(self, value: Decimal | Fraction) -> str:
        """An estimate, to two significant digits but never finer than whole units: 4,213 reads about 4,200."""
        whole = int(rounded(value, 0))
        if whole == 0:
            return f"less than {self._money(Decimal(1), 0)}"
        step = 10 ** max(0, len(str(whole)) - 2)
        return f"about {self._money(Decimal((whole * 2 + step) // (step * 2) * step), 0)}"

    def _money(self, value: Decimal, places: int) -> str:
        sign = "-" if value < 0 else ""
        return f"{self.currency} {sign}{abs(value):,.{places}f}".lstrip()


def sentence(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def quantity(value: Decimal | Fraction) -> str:
    """A quantity, two decimal places where they say something and no zeros that do not: 320, 12.5, 0.004."""
    places = _places(value)
    text = f"{rounded(value, places):,.{places}f}"
    return text.rstrip("0").rstrip(".")


def each(unit: str | None) -> str:
    """For one of it: per kg; `each` where the item has no unit."""
    return "each" if unit is None or unit.lower() in {"", "each"} else f"per {unit}"


def measured(value: Decimal | Fraction, unit: str | None) -> str:
    """A quantity with its unit: 12.5 kg, 1 case, 320 cases; `units` where the item has none."""
    number = quantity(value)
    unit = "unit" if unit is None or unit.lower() in {"", "each"} else unit
    if number == "1" or not unit.isalpha() or len(unit) < SHORTEST_WORD or unit.endswith(("s", "dozen")):
        return f"{number} {unit}"
    return f"{number} {unit}{'es' if unit.endswith(('x', 'ch', 'sh')) else 's'}"


def possessive(name: str) -> str:
    """Whose: Harbor Point's, Valley Foods'."""
    return f"{name}'" if name.endswith(("s", "S")) else f"{name}'s"


def percent(share: Fraction) -> str:
    """A share as a percentage; one decimal place below ten percent, and never 0% for something: 12%, 4.5%."""
    points = share * 100
    if 0 < points < LEAST_PERCENT:
        return f"less than {LEAST_PERCENT}%"
    text = f"{rounded(points, 0 if points >= WHOLE_PERCENT_FROM else 1):f}"
    return f"{text.removesuffix('.0')}%"


def percent_of(share: Decimal) -> str:
    """A published share, such as a confidence, as a percentage."""
    return percent(Fraction(share))


def day(value: date) -> str:
    """A date as a person writes it: 31 October 2022."""
    return f"{value.day} {value:%B %Y}"


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun, singular or plural: 1 order, 14 orders."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listing(names: list[str]) -> str:
    """Names in a row: A, B and C."""
    if len(names) <= 1:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _places(value: Decimal | Fraction) -> int:
    """How many decimal places show two digits of a small value: two at least."""
    places = 2
    while value and places < MOST_PLACES and abs(value) * 10 ** (places - 1) < 1:
        places += 1
    return places
