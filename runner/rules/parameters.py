"""A rule and what people may tune in it: the rows of the seed `recommendation_rules` against what rules declare."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from runner.errors import FieldlabError

SEED_FILE = "seeds/recommendation_rules.csv"


@dataclass(frozen=True)
class Range:
    """The values a parameter may take.

    Attributes:
        low: The smallest value allowed.
        high: The largest value allowed; None is no limit.
        whole: Only whole numbers are allowed.
        nullable: The seed may leave the value empty, which switches off what the parameter does.
    """

    low: Decimal = Decimal(0)
    high: Decimal | None = None
    whole: bool = False
    nullable: bool = False

    def or_empty(self) -> "Range":
        """The same values, or none."""
        return replace(self, nullable=True)

    def holds(self, value: Decimal) -> bool:
        """Whether the value is allowed."""
        if not value.is_finite() or value < self.low:
            return False
        if self.high is not None and value > self.high:
            return False
        return not self.whole or value == value.to_integral_value()

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        limits = f"of at least {self.low:f}" if self.high is None else f"from {self.low:f} to {self.high:f}"
        return f"{kind} {limits}{', or empty' if self.nullable else ''}"


FLAG = Range(high=Decimal(1), whole=True)
SHARE = Range(high=Decimal(1))
COUNT = Range(whole=True)
NUMBER = Range()
POSITIVE = Range(low=Decimal(1), whole=True)
PRIORITY = Range(low=Decimal(1), high=Decimal(5), whole=True)


@dataclass(frozen=True, eq=False)
class Rule:
    """What one rule is called and what can be tuned in it.

    Attributes:
        rule_id: The rule's name in the seed and in everything published.
        parameters: Each parameter's name and the values it may take; every rule has `enabled` besides.
        type: What it recommends, such as VENDOR_SWITCH; empty for a group of parameters that rules share.
    """

    rule_id: str
    parameters: Mapping[str, Range]
    type: str = ""

    @property
    def category(self) -> str:
        """The type in words: VENDOR_SWITCH is "Vendor switch"."""
        return self.type.replace("_", " ").capitalize()

    @property
    def ranges(self) -> Mapping[str, Range]:
        """Every parameter the seed must give, `enabled` first."""
        return {"enabled": FLAG, **self.parameters} if self.type else self.parameters


@dataclass(frozen=True)
class Values:
    """One rule's parameters as tuned: `values["min_trend"]` is an exact decimal."""

    rule_id: str
    _values: Mapping[str, Decimal | None] = field(repr=False)

    @property
    def enabled(self) -> bool:
        """Whether the rule runs."""
        return bool(self["enabled"])

    def __getitem__(self, parameter: str) -> Decimal:
        value = self._values[parameter]
        if value is None:
            raise KeyError(f"{self.rule_id}.{parameter} may be empty: read it with optional()")
        return value

    def optional(self, parameter: str) -> Decimal | None:
        """A parameter that the seed may leave empty."""
        return self._values[parameter]

    def count(self, parameter: str) -> int:
        """A whole-number parameter as an int."""
        return int(self[parameter])


# One row of the seed: rule_id, parameter, value; a value that is no number is its text.
SeedRow = tuple[str, str, Decimal | str | None]


def check_parameters(rows: Iterable[SeedRow], rules: Sequence[Rule]) -> dict[str, Values]:
    """Hold the seed's rows against what the rules declare.

    Raises:
        FieldlabError: Names every rule, parameter and value that is missing, unknown, given twice or out of range.
    """
    rows = list(rows)
    declared = {rule.rule_id: rule.ranges for rule in rules}
    times = Counter((rule_id, parameter) for rule_id, parameter, _ in rows)
    given = {(rule_id, parameter): value for rule_id, parameter, value in rows}

    faults = []
    for (rule_id, parameter), value in given.items():
        fault = _fault(declared, rule_id, parameter, value)
        if fault:
            faults.append(fault)
        elif times[rule_id, parameter] > 1:
            faults.append(f"{rule_id}.{parameter} has {times[rule_id, parameter]} rows; keep one of them.")
    for rule_id, ranges in declared.items():
        missing = [name for name in ranges if (rule_id, name) not in given]
        faults.extend(f"{rule_id}.{name} is missing; add a row with {ranges[name]}." for name in missing)

    if faults:
        raise FieldlabError(
            "\n".join([f"{SEED_FILE} does not say what the rules need:", *(f"  {fault}" for fault in faults)]),
            f"Correct {SEED_FILE}, then run `fieldlab run` (or `dbt seed`) again.",
        )
    return {
        rule_id: Values(rule_id, {name: value for name in ranges if not isinstance(value := given[rule_id, name], str)})
        for rule_id, ranges in declared.items()
    }


def _fault(
    declared: Mapping[str, Mapping[str, Range]], rule_id: str, parameter: str, value: Decimal | str | None
) -> str | None:
    """What is wrong with one row, if anything."""
    if rule_id not in declared:
        return f"{rule_id}.{parameter}: there is no rule {rule_id}; the rules are {', '.join(declared)}."
    ranges = declared[rule_id]
    if parameter not in ranges:
        return f"{rule_id}.{parameter}: the rule {rule_id} has no such parameter; it has {', '.join(ranges)}."
    allowed = ranges[parameter]
    if allowed.nullable if value is None else not isinstance(value, str) and allowed.holds(value):
        return None
    said = "has no value" if value is None else f'is "{value}"' if isinstance(value, str) else f"is {value:f}"
    return f"{rule_id}.{parameter} {said}; it must be {allowed}."
