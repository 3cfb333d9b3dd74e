"""The one rounding there is: exact numbers in, decimals out, half away from zero."""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

PUBLISHED_PLACES = 12


def rounded(value: Decimal | Fraction, places: int = 0) -> Decimal:
    """An exact number rounded to this many decimal places, half away from zero."""
    exact = Fraction(value)
    scaled = abs(exact) * 10**places
    whole = (scaled.numerator * 2 + scaled.denominator) // (scaled.denominator * 2)
    with localcontext() as context:
        context.prec = max(28, len(str(whole)) + 1)
        number = Decimal(whole).scaleb(-places)
        return number if exact >= 0 else -number


def cents(amount: Decimal | Fraction) -> Decimal:
    """An exact amount rounded to cents."""
    return rounded(amount, 2)


def published(value: Decimal | Fraction) -> Decimal:
    """An exact ratio or mean as it is published: 12 decimal places, as in the marts, without trailing zeros."""
    number = rounded(value, PUBLISHED_PLACES).normalize()
    return number.quantize(Decimal(1), rounding=ROUND_HALF_UP) if number == number.to_integral_value() else number
