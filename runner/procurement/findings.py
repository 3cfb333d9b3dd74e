"""What a procurement rule finds, and what all of them share: exact arithmetic, priority, confidence, identity."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import Any, Literal

from runner.rules.parameters import NUMBER, Rule, Values
from runner.words import Words

DAYS_PER_YEAR = 365

SAVINGS_PRIORITY = Rule(
    "savings_priority",
    {"critical_savings": NUMBER, "high_savings": NUMBER, "medium_savings": NUMBER},
    switchable=False,
)

SavingsBasis = Literal["year", "once"]

# One row of a query, by column name.
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Subject:
    """What a recommendation is about; the parts a rule does not use are None."""

    item_id: int | None = None
    vendor_id: int | None = None
    branch_id: int | None = None
    invoice_id: int | None = None

    def ids(self) -> dict[str, int]:
        """The parts that are there, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def fingerprint(self, rule_id: str) -> str:
        """Lower-case hex SHA-256 of `rule_id|item|vendor|branch|invoice`, unused parts empty."""
        parts = [self.item_id, self.vendor_id, self.branch_id, self.invoice_id]
        text = "|".join([rule_id, *("" if part is None else str(part) for part in parts)])
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Facts:
    """What a rule knows besides its rows.

    Attributes:
        as_of: The date that stands for now.
        rule_id: The rule that is asked.
        all_values: Every rule's parameters, by rule_id.
        price_window_days: Days of purchases that a price snapshot covers.
        words: How money is written.
    """

    as_of: date
    rule_id: str
    all_values: Mapping[str, Values]
    price_window_days: int
    words: Words = field(default_factory=Words)

    @property
    def values(self) -> Values:
        """The rule's own parameters."""
        return self.all_values[self.rule_id]

    @property
    def savings_priority(self) -> Values:
        """The savings from which a recommendation has priority 1, 2 and 3."""
        return self.all_values[SAVINGS_PRIORITY.rule_id]


@dataclass(frozen=True)
class Finding:
    """One recommendation as a rule words it, before it is published.

    Attributes:
        confidence: 0 to 1.
        savings: In the currency of the invoices, rounded to cents; None where the rule saves no money.
        expires_on: The last day on which it holds.
        context: Every id and number used; ids of the subject are added when it is published.
    """

    rule_id: str
    type: str
    subject: Subject
    title: str
    description: str
    reasoning: str
    confidence: Decimal
    priority: int
    expires_on: date
    savings: Decimal | None = None
    savings_basis: SavingsBasis | None = None
    context: Mapping[str, Any] = field(default_factory=dict)

    @property
    def category(self) -> str:
        """The type in words: VENDOR_SWITCH is "Vendor switch"."""
        return self.type.replace("_", " ").capitalize()

    @property
    def fingerprint(self) -> str:
        """Says whether two findings are the same recommendation."""
        return self.subject.fingerprint(self.rule_id)


def cents(amount: Fraction) -> Decimal:
    """An exact amount rounded to cents, half away from zero."""
    return rounded(amount, 2)


def rounded(value: Fraction, places: int = 0) -> Decimal:
    """An exact number rounded to so many decimal places, half away from zero."""
    scaled = abs(value) * 10**places
    whole = (scaled.numerator * 2 + scaled.denominator) // (scaled.denominator * 2)
    with localcontext() as context:
        context.prec = max(28, len(str(whole)) + 1)
        number = Decimal(whole).scaleb(-places)
        return number if value >= 0 else -number


def published(value: Fraction) -> Decimal:
    """An exact ratio or mean as it is published: 12 decimal places, as in the marts, without trailing zeros."""
    number = rounded(value, 12).normalize()
    return number.quantize(Decimal(1), rounding=ROUND_HALF_UP) if number == number.to_integral_value() else number


def confidence(count: Fraction | int, full: Decimal) -> Decimal:
    """How sure a rule is: the evidence over what would be full evidence, at most 1."""
    return published(min(Fraction(1), Fraction(count) / Fraction(full)))


def priority_of(savings: Decimal, thresholds: Values) -> int:
    """1 (critical) to 4 by the savings, rounded to cents before."""
    for priority, threshold in enumerate(("critical_savings", "high_savings", "medium_savings"), start=1):
        if savings >= thresholds[threshold]:
            return priority
    return 4
