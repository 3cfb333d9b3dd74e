"""What a procurement rule is, what it knows and what it finds."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from runner.rounding import cents, published
from runner.rules.parameters import COUNT, NUMBER, Range, Rule, Values
from runner.words import Words

DAYS_PER_YEAR = 365
SAME_UNIT = "This assumes that every price is for the same unit."

SAVINGS_PRIORITY = Rule(
    "savings_priority", {"critical_savings": NUMBER, "high_savings": NUMBER, "medium_savings": NUMBER}
)
LIFECYCLE = Rule("lifecycle", {"quiet_days": COUNT})

SavingsBasis = Literal["year", "once"]

# Which money a saving is, so that what several recommendations claim is counted once (runner/procurement/savings.py):
# an item's, from buying it elsewhere (switch), from one vendor (consolidate) or for less (negotiate); a vendor's; an
# order's of one item (order); a whole invoice's. Empty: money that no other rule claims.
Claim = Literal["", "switch", "consolidate", "negotiate", "vendor", "order", "invoice"]
PRICE_CLAIMS = ("switch", "consolidate", "negotiate", "vendor")

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
        expected_savings: Savings × confidence, rounded to cents.
        decision: What a person would decide at once with this, as a subject.
        paid_vendor_id: The vendor whose money could be saved, where it is one vendor's.
        expires_on: The last day on which it holds.
        named_price: What was paid per unit, where the rule names a price; `target_price` is what could be.
        quantity: What was bought at the named price.
        context: Every id and number used; ids of the subject are added when it is published.
    """

    rule: "ProcurementRule"
    subject: Subject
    title: str
    description: str
    reasoning: str
    confidence: Decimal
    priority: int
    expires_on: date
    decision: Subject
    savings: Decimal | None = None
    expected_savings: Decimal | None = None
    savings_basis: SavingsBasis | None = None
    named_price: Decimal | None = None
    target_price: Decimal | None = None
    quantity: Decimal | None = None
    paid_vendor_id: int | None = None
    context: Mapping[str, Any] = field(default_factory=dict)

    @property
    def decision_key(self) -> str:
        """What findings that a person would decide at once have in common."""
        return self.decision.fingerprint(self.rule.rule_id)

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
        found: What the rules asked before found, by rule_id.
    """

    as_of: date
    rule: "ProcurementRule"
    all_values: Mapping[str, Values]
    price_window_days: int
    words: Words = field(default_factory=Words)
    found: Mapping[str, Sequence[Finding]] = field(default_factory=dict)

    @property
    def values(self) -> Values:
        """The rule's own parameters."""
        return self.all_values[self.rule.rule_id]

    def fired(self, rule_id: str, *parts: str) -> set[tuple[int | None, ...]]:
        """These parts of the subjects that a rule asked before has found."""
        return {tuple(getattr(one.subject, f"{part}_id") for part in parts) for one in self.found.get(rule_id, ())}

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
        paid_vendor_id: int | None = None,
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
            savings: Rounded to cents; with the confidence they decide the priority.
            basis: Whether the savings are a year's or come once.
            priority: The parameter that says how urgent a finding without savings is.
            expires_on: The last day on which it holds; `valid_days` after the as-of date where it is not given.
            named_price: What was paid per unit.
            target_price: What could be paid.
            quantity: What was bought at the named price.
            paid_vendor_id: The vendor whose money could be saved.
            context: Every other number used; fractions are published with 12 decimal places.
        """
        names = {f"{part}_name": row[f"{part}_name"] for part in about if part != "invoice"}
        subject = Subject(**{f"{part}_id": row[f"{part}_id"] for part in about})
        expected = None if savings is None else cents(Fraction(savings) * Fraction(confidence))
        return Finding(
            rule=self.rule,
            subject=subject,
            decision=self.rule.decision.of({**vars(subject), **context}) if self.rule.decision else subject,
            title=title,
            description=description,
            reasoning=reasoning,
            confidence=confidence,
            priority=self.values.count(priority) if expected is None else priority_of(expected, self.all_values),
            expires_on=expires_on or self.as_of + timedelta(days=self.values.count("valid_days")),
            savings=savings,
            expected_savings=expected,
            paid_vendor_id=paid_vendor_id,
            savings_basis=None if savings is None else basis,
            named_price=None if named_price is None else published(named_price),
            target_price=None if target_price is None else published(target_price),
            quantity=None if quantity is None else published(quantity),
            context={
                name: published(value) if isinstance(value, Fraction) else value
                for name, value in {**names, **context}.items()
            },
        )


def priority_of(expected: Decimal, all_values: Mapping[str, Values]) -> int:
    """1 (critical) to 4 by the expected savings, rounded to cents before."""
    thresholds = all_values[SAVINGS_PRIORITY.rule_id]
    return 1 + sum(expected < thresholds[threshold] for threshold in SAVINGS_PRIORITY.parameters)


@dataclass(frozen=True)
class Decision:
    """What a person decides at once, when a rule finds it in several places.

    Attributes:
        parts: The ids that findings of one decision share: the part of the subject, and its name in the context.
        title: What to do, in one line, from the context of one of them and their number.
    """

    parts: Mapping[str, str]
    title: Callable[[Mapping[str, Any], int], str]

    def of(self, context: Mapping[str, Any]) -> Subject:
        """The decision as a subject."""
        return Subject(**{part: context[name] for part, name in self.parts.items()})


@dataclass(frozen=True)
class Need:
    """What a rule needs to be asked at all.

    Attributes:
        query: The file in `queries/`, without ending, that gives a row where it is there.
        reason: What to say where it is not.
    """

    query: str
    reason: str


Decide = Callable[[Iterable[Row], Facts], list[Finding]]


@dataclass(frozen=True, eq=False, kw_only=True)
class ProcurementRule(Rule):
    """A rule about purchases: called, it decides.

    Attributes:
        query: The file in `queries/`, without ending, that gives its rows.
        claim: Which money its savings are.
        window_var: The dbt var with the days of purchases its rows are made from; "" where the rule has `window_days`.
        windows_query: The file in `queries/` that gives these dates, where no parameter or var does.
        decision: What a person would decide at once; None is each finding by itself.
        needs: What must be there for the rule to be asked.
        after: The rules whose findings it looks at.
        decide: The rule itself: rows in, findings out.
    """

    query: str
    claim: Claim
    window_var: str
    windows_query: str
    decision: Decision | None
    needs: Need | None
    after: Sequence[str]
    decide: Decide

    @property
    def is_price_rule(self) -> bool:
        """Whether it compares unit prices."""
        return self.claim in PRICE_CLAIMS

    def __call__(self, rows: Iterable[Row], facts: Facts) -> list[Finding]:
        """What the rule finds in these rows."""
        return self.decide(rows, facts)


def rule(
    type: str,  # noqa: A002 - the word of the table
    parameters: Mapping[str, Range],
    *,
    query: str = "",
    claim: Claim = "",
    window_var: str = "",
    windows_query: str = "",
    decision: Decision | None = None,
    needs: Need | None = None,
    after: Sequence[str] = (),
) -> Callable[[Decide], ProcurementRule]:
    """Declare a function as the rule of its name.

    Args:
        type: What it recommends, such as VENDOR_SWITCH.
        parameters: What can be tuned, and the values allowed.
        query: The query that gives its rows, where it does not have the rule's name.
        claim: Which money its savings are.
        window_var: The dbt var with the days of purchases its rows are made from.
        windows_query: The query that gives these dates, where no parameter or var does.
        decision: What a person would decide at once.
        needs: What must be there for the rule to be asked.
        after: The rules whose findings it looks at; they are asked before.
    """

    def declare(decide: Decide) -> ProcurementRule:
        name = decide.__name__
        return ProcurementRule(
            rule_id=name,
            parameters=parameters,
            type=type,
            query=query or name,
            claim=claim,
            window_var=window_var,
            windows_query=windows_query,
            decision=decision,
            needs=needs,
            after=after,
            decide=decide,
        )

    return declare


def pick(source: Any, *names: str) -> dict[str, Any]:
    """Some values of a row, or of a rule's parameters, by name."""
    return {name: source[name] for name in names}
