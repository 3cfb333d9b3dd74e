"""What people may tune: the seed table `recommendation_rules`, checked against what each rule declares."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

import psycopg
from psycopg import sql

from runner.errors import FieldlabError

SEED_FILE = "seeds/recommendation_rules.csv"


@dataclass(frozen=True)
class Range:
    """The values a parameter may take.

    Attributes:
        low: The smallest value allowed.
        high: The largest value allowed; None is no limit.
        whole: Only whole numbers are allowed.
    """

    low: Decimal = Decimal(0)
    high: Decimal | None = None
    whole: bool = False

    def holds(self, value: Decimal) -> bool:
        """Whether the value is allowed."""
        if not value.is_finite() or value < self.low:
            return False
        if self.high is not None and value > self.high:
            return False
        return not self.whole or value == value.to_integral_value()

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        if self.high is None:
            return f"{kind} of at least {self.low:f}"
        return f"{kind} from {self.low:f} to {self.high:f}"


FLAG = Range(high=Decimal(1), whole=True)
SHARE = Range(high=Decimal(1))
COUNT = Range(whole=True)
NUMBER = Range()
POSITIVE = Range(low=Decimal(1), whole=True)
PRIORITY = Range(low=Decimal(1), high=Decimal(5), whole=True)


@dataclass(frozen=True)
class Rule:
    """A rule's name and what can be tuned in it. Every rule has `enabled` besides.

    Attributes:
        rule_id: The rule's name in the seed and in everything published.
        parameters: Each parameter's name and the values it may take.
        switchable: False for a group of parameters that rules share: it has no `enabled`.
    """

    rule_id: str
    parameters: Mapping[str, Range]
    switchable: bool = True

    def ranges(self) -> Mapping[str, Range]:
        """Every parameter the seed must give, `enabled` first."""
        return {"enabled": FLAG, **self.parameters} if self.switchable else self.parameters


@dataclass(frozen=True)
class Values:
    """One rule's parameters as tuned: `values["min_trend"]` is an exact decimal."""

    rule_id: str
    _values: Mapping[str, Decimal] = field(repr=False)

    @property
    def enabled(self) -> bool:
        """Whether the rule runs."""
        return bool(self["enabled"])

    def __getitem__(self, parameter: str) -> Decimal:
        return self._values[parameter]

    def count(self, parameter: str) -> int:
        """A whole-number parameter as an int."""
        return int(self[parameter])


# One row of the seed: rule_id, parameter, value; a value that is no number is the text that stands there.
SeedRow = tuple[str, str, Decimal | str | None]


def check_seed_file(project_dir: Path, rules: Sequence[Rule]) -> None:
    """Look at the seed before dbt loads it: dbt stops at the first value that is no number, and names no parameter.

    Raises:
        FieldlabError: As `check_parameters`.
    """
    file = project_dir / SEED_FILE
    if file.is_file():
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = [
                (row.get("rule_id") or "", row.get("parameter") or "", _number(row.get("value")))
                for row in csv.DictReader(lines)
            ]
        check_parameters(rows, rules)


def _number(text: str | None) -> Decimal | str | None:
    if text is None or not text.strip():
        return None
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        return text


def read_parameters(connection: psycopg.Connection, staging_schema: str, rules: Sequence[Rule]) -> dict[str, Values]:
    """Read every rule's parameters from the seed table.

    Args:
        connection: The warehouse.
        staging_schema: The schema seeds live in.
        rules: All rules there are; the seed must name exactly these.

    Returns:
        The values by rule_id.

    Raises:
        FieldlabError: The seed is not loaded, or does not say exactly what the rules need.
    """
    query = sql.SQL("select coalesce(rule_id, ''), coalesce(parameter, ''), value from {}").format(
        sql.Identifier(staging_schema, "recommendation_rules")
    )
    try:
        rows = connection.execute(query).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise FieldlabError(
            f"The parameters of the rules are not loaded: there is no table {staging_schema}.recommendation_rules.",
            "Load them with `dbt seed`, or run `fieldlab run`, which does it too.",
        ) from error
    return check_parameters(rows, rules)


def check_parameters(rows: Iterable[SeedRow], rules: Sequence[Rule]) -> dict[str, Values]:
    """Hold the seed's rows against what the rules declare.

    Raises:
        FieldlabError: Names every rule, parameter and value that is missing, unknown, given twice or out of range.
    """
    rows = list(rows)
    declared = {rule.rule_id: rule.ranges() for rule in rules}
    times = Counter((rule_id, parameter) for rule_id, parameter, _ in rows)
    given = {(rule_id, parameter): value for rule_id, parameter, value in rows}

    faults = []
    for (rule_id, parameter), value in given.items():
        fault = _fault(declared, rule_id, parameter, value)
        if fault:
            faults.append(fault)
        elif times[rule_id, parameter] > 1:
            faults.append(f"{rule_id}.{parameter} stands there {times[rule_id, parameter]} times; keep one row.")
    for rule_id, ranges in declared.items():
        missing = [name for name in ranges if (rule_id, name) not in given]
        faults.extend(f"{rule_id}.{name} is missing; add a row with {ranges[name]}." for name in missing)

    if faults:
        raise FieldlabError(
            "\n".join([f"{SEED_FILE} does not say what the rules need:", *(f"  {fault}" for fault in faults)]),
            f"Correct {SEED_FILE}, then run `fieldlab run` (or `dbt seed`) again.",
        )
    return {
        rule_id: Values(rule_id, {name: value for name in ranges if isinstance(value := given[rule_id, name], Decimal)})
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
    if value is None:
        return f"{rule_id}.{parameter} has no value; it must be {ranges[parameter]}."
    if isinstance(value, str):
        return f'{rule_id}.{parameter} is "{value}"; it must be {ranges[parameter]}.'
    if not ranges[parameter].holds(value):
        return f"{rule_id}.{parameter} is {value:f}; it must be {ranges[parameter]}."
    return None
