"""What a procurement rule is, what it knows and what it finds."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from runner.rounding import published
from runner.rules.parameters import COUNT, NUMBER, Range, Rule, Values
from runner.words import Words

DAYS_PER_YEAR = 365

SAVINGS_PRIORITY = Rule(
    "savings_priority", {"critical_savings": NUMBER, "high_savings": NUMBER, "medium_savings": NUMBER}
)
LIFECYCLE = Rule("lifecycle", {"quiet_days": COUNT})

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
class Finding:
    """One recommendation as a rule words it, before it is published.

    Attributes:
        confidence: 0 to 1.
        savings: In the currency of the invoices, rounded to cents; None where the rule saves no money.
        expires_on: The last day on which it holds.
        named_price: What was paid per unit, where the rule names a price; `target_price` is what could be.
        quantity: What was bought at the named price.
        context: Every id and number used; ids of the subject are added when it is published.
    """

    rule: Rule
    subject: Subject
    title: str
    description: str
    reasoning: str
    confidence: Decimal
    priority: int
    expires_on: date
    savings: Decimal | None = None
    savings_basis: SavingsBasis | None = None
    named_price: Decimal | None = None
    target_price: Decimal | None = None
    quantity: Decimal | None = None
    context: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Says whether two findings are the same recommendation."""
        return self.subject.fingerprint(self.rule.rule_id)


@dataclass(frozen=True)
class Facts:
    """What a rule knows besides its rows.

    Attributes:
        as_of: The date that counts as today.
        rule: The rule that is asked.
        all_values: Every rule's parameters, by rule_id.
        price_window_days: Days of purchases that a price snapshot covers.
        words: How money is written.
    """

    as_of: date
    rule: "ProcurementRule"
    all_values: Mapping[str, Values]
    price_window_days: int
    words: Words = field(default_factory=Words)

    @property
    def values(self) -> Values:
        """The rule's own parameters."""
        return self.all_values[self.rule.rule_id]

    def confidence(self, evidence: Fraction | int, full: str) -> Decimal:
        """How sure the rule is: the evidence over the parameter that says what is full evidence, at most 1."""
        return published(min(Fraction(1), Fraction(evidence) / Fraction(self.values[full])))

    def finding(
        self,
        row: Row,
        about: Sequence[str],
        *,
        title: str,
        description: str,
        reasoning: str,
        confidence: Decimal,
        savings: Decimal | None = None,
        basis: SavingsBasis = "year",
        priority: str = "priority",
        expires_on: date | None = None,
        named_price: Fraction | None = None,
        target_price: Fraction | None = None,
        quantity: Decimal | Fraction | None = None,
        context: Mapping[str, Any],
    ) -> Finding:
        """A finding of this rule.

        Args:
            row: Holds `<part>_id` and, but for an invoice, `<part>_name` of what it is about.
            about: The parts of the subject: item, vendor, branch, invoice.
            title: What to do, in one line.
            description: What it is worth and why, in a few sentences.
            reasoning: The numbers behind it.
            confidence: 0 to 1.
            savings: Rounded to cents; they decide the priority.
            basis: Whether the savings are a year's or come once.
            priority: The parameter that says how urgent a finding without savings is.
            expires_on: The last day on which it holds; `valid_days` after the as-of date where it is not given.
            named_price: What was paid per unit.
            target_price: What could be paid.
            quantity: What was bought at the named price.
            context: Every other number used; fractions are published with 12 decimal places.
        """
        names = {f"{part}_name": row[f"{part}_name"] for part in about if part != "invoice"}
        return Finding(
            rule=self.rule,
            subject=Subject(**{f"{part}_id": row[f"{part}_id"] for part in about}),
            title=title,
            description=description,
            reasoning=reasoning,
            confidence=confidence,
            priority=self.values.count(priority) if savings is None else self._priority_of(savings),
            expires_on=expires_on or self.as_of + timedelta(days=self.values.count("valid_days")),
            savings=savings,
            savings_basis=None if savings is None else basis,
            named_price=None if named_price is None else published(named_price),
            target_price=None if target_price is None else published(target_price),
            quantity=None if quantity is None else published(quantity),
            context={
                name: published(value) if isinstance(value, Fraction) else value
                for name, value in {**names, **context}.items()
            },
        )

    def _priority_of(self, savings: Decimal) -> int:
        """1 (critical) to 4 by the savings, rounded to cents before."""
        thresholds = self.all_values[SAVINGS_PRIORITY.rule_id]
        for priority, threshold in enumerate(SAVINGS_PRIORITY.parameters, start=1):
            if savings >= thresholds[threshold]:
                return priority
        return len(SAVINGS_PRIORITY.parameters) + 1


Decide = Callable[[Iterable[Row], Facts], list[Finding]]


@dataclass(frozen=True, eq=False, kw_only=True)
class ProcurementRule(Rule):
    """A rule about purchases: called, it decides.

    Attributes:
        query: The file in `queries/`, without ending, that gives its rows.
        is_price_rule: Its savings can be the same money as another price rule's.
        decide: The rule itself: rows in, findings out.
    """

    query: str
    is_price_rule: bool
    decide: Decide

    def __call__(self, rows: Iterable[Row], facts: Facts) -> list[Finding]:
        """What the rule finds in these rows."""
        return self.decide(rows, facts)


def rule(
    type: str,  # noqa: A002 - the word of the table
    parameters: Mapping[str, Range],
    *,
    query: str = "",
    is_price_rule: bool = False,
) -> Callable[[Decide], ProcurementRule]:
    """Declare a function as the rule of its name.

    Args:
        type: What it recommends, such as VENDOR_SWITCH.
        parameters: What can be tuned, and the values allowed.
        query: The query that gives its rows, where it does not have the rule's name.
        is_price_rule: Its savings can be the same money as another price rule's.
    """

    def declare(decide: Decide) -> ProcurementRule:
        name = decide.__name__
        return ProcurementRule(
            rule_id=name,
            parameters=parameters,
            type=type,
            query=query or name,
            is_price_rule=is_price_rule,
            decide=decide,
        )

    return declare


def pick(source: Any, *names: str) -> dict[str, Any]:
    """Some values of a row, or of a rule's parameters, by name."""
    return {name: source[name] for name in names}
