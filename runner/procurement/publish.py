"""Asks every procurement rule: reads its rows from the marts, lets it decide, and goes on when one fails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import psycopg
from psycopg.rows import dict_row

from runner.database.query import query
from runner.procurement.findings import Facts, Finding, ProcurementRule, Row
from runner.rules.parameters import Values
from runner.rules.registry import PROCUREMENT_RULES
from runner.settings import Settings
from runner.words import Words


@dataclass(frozen=True)
class Findings:
    """What the rules found.

    Attributes:
        found: Every finding, in the registry's order.
        counts: Findings per rule that ran.
        failures: What went wrong, per rule that failed.
    """

    found: Sequence[Finding]
    counts: Mapping[str, int]
    failures: Mapping[str, str]


def find_recommendations(
    connection: psycopg.Connection, settings: Settings, as_of: date, values: Mapping[str, Values]
) -> Findings:
    """Ask every rule that is switched on.

    Args:
        connection: The warehouse with its marts built as of `as_of`.
        settings: Names of schemas and dbt vars.
        as_of: The date that stands for now.
        values: The rules' parameters, by rule_id.

    Returns:
        The findings; a rule that failed is in `failures`, and what other rules found is there all the same.
    """
    price_window_days = int(settings.variable("price_window_days"))
    words = Words(settings.currency)
    found: list[Finding] = []
    counts: dict[str, int] = {}
    failures: dict[str, str] = {}
    for rule in PROCUREMENT_RULES:
        facts = Facts(as_of, rule, values, price_window_days, words)
        if not facts.values.enabled:
            continue
        try:
            with connection.transaction():
                findings = rule(_rows(connection, settings, facts), facts)
        except Exception as error:  # noqa: BLE001 - one rule's fault, whatever it is, must not stop the others
            failures[rule.rule_id] = f"{type(error).__name__}: {error}"
            continue
        found.extend(findings)
        counts[rule.rule_id] = len(findings)
    return Findings(found, counts, failures)


def _rows(connection: psycopg.Connection, settings: Settings, facts: Facts) -> list[Row]:
    file = files("runner.procurement.rules") / "queries" / f"{facts.rule.query}.sql"
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(query(settings, file.read_text(encoding="utf-8")), _dates(facts.rule, facts))
        return [_named(row) for row in cursor]


def _dates(rule: ProcurementRule, facts: Facts) -> dict[str, date]:
    """The dates a query may be bound to: as_of, and the first date of the rule's window and of the one before."""
    dates = {"as_of": facts.as_of}
    if "window_days" in rule.parameters:
        span = timedelta(days=facts.values.count("window_days") - 1)
        dates["first_date"] = facts.as_of - span
        if "baseline_age_days" in rule.parameters:
            dates["baseline_last_date"] = facts.as_of - timedelta(days=facts.values.count("baseline_age_days"))
            dates["baseline_first_date"] = dates["baseline_last_date"] - span
    return dates


def _named(row: dict[str, Any]) -> Row:
    """Give what the application no longer has a name to call it by: `Item 17`."""
    for column, value in row.items():
        if value is None and column.endswith("_name"):
            stem = column.removesuffix("_name")
            row[column] = f"{stem.rsplit('_', 1)[-1].capitalize()} {row[f'{stem}_id']}"
    return row
