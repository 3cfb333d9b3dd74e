"""Asks every procurement rule: reads its rows from the marts, lets it decide, and goes on when one fails."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from runner.database.query import query
from runner.procurement.findings import Facts, Finding, Row
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
        left_out: Why a rule that is switched on was not asked.
    """

    found: Sequence[Finding]
    counts: Mapping[str, int]
    failures: Mapping[str, str]
    left_out: Mapping[str, str]


def find_recommendations(
    connection: psycopg.Connection, settings: Settings, as_of: date, values: Mapping[str, Values]
) -> Findings:
    """Ask every rule that is switched on.

    Args:
        connection: The warehouse with its marts built as of `as_of`.
        settings: Names of schemas and dbt vars.
        as_of: The date that counts as today.
        values: The rules' parameters, by rule_id.

    Returns:
        The findings; a rule that failed is in `failures`, and what other rules found is there all the same.
    """
    price_window_days, words = int(settings.variable("price_window_days")), Words(settings.currency)
    found: dict[str, list[Finding]] = {}
    failures: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for rule in PROCUREMENT_RULES:
        facts = Facts(as_of, rule, values, price_window_days, words, found)
        if not facts.values.enabled:
            continue
        waits_for = next((other for other in rule.after if other in failures), None)
        if waits_for:
            failures[rule.rule_id] = f"It was not asked, because {waits_for} failed."
            continue
        try:
            with connection.transaction():
                missing = _missing(connection, settings, facts)
                found[rule.rule_id] = [] if missing else rule(_rows(connection, settings, facts), facts)
        except Exception as error:  # noqa: BLE001 - one rule's fault, whatever it is, must not stop the others
            failures[rule.rule_id] = f"{type(error).__name__}: {error}"
            continue
        if missing:
            left_out[rule.rule_id] = missing
    counts = {rule_id: len(findings) for rule_id, findings in found.items()}
    return Findings([finding for findings in found.values() for finding in findings], counts, failures, left_out)


def _missing(connection: psycopg.Connection, settings: Settings, facts: Facts) -> str | None:
    """Why the rule cannot be asked; None where it can."""
    needs = facts.rule.needs
    if needs is None:
        return None
    parameters = {name: facts.values[name] for name in facts.rule.parameters}
    bound = {**{name: int(value) for name, value in parameters.items()}, "as_of": facts.as_of}
    if connection.execute(_named(settings, needs.query), bound).fetchone():
        return None
    return needs.reason.format(**bound)


def _rows(connection: psycopg.Connection, settings: Settings, facts: Facts) -> list[Row]:
    windows = _windows(connection, settings, facts)
    bound: dict[str, object] = {"as_of": facts.as_of}
    for name, (first, last) in windows.items():
        bound |= {f"{name}first_date": first, f"{name}last_date": last}
    if facts.rule.is_price_rule:
        bound["no_unit_prices"] = sorted(_no_unit_prices(connection, settings, windows.values()))
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(_named(settings, facts.rule.query), bound)
        return [_called(row) for row in cursor]


def _named(settings: Settings, name: str) -> sql.Composed:
    """A query of the folder `queries/`."""
    file = files("runner.procurement.rules") / "queries" / f"{name}.sql"
    return query(settings, file.read_text(encoding="utf-8"))


def _windows(connection: psycopg.Connection, settings: Settings, facts: Facts) -> dict[str, tuple[date, date]]:
    """First and last date of the purchases a rule compares, by the prefix they have in its query."""
    if facts.rule.windows_query:
        dates = connection.execute(_named(settings, facts.rule.windows_query)).fetchall()
        return {f"window_{number}_": (first, last) for number, (first, last) in enumerate(dates)}
    if "window_days" in facts.rule.parameters:
        days = facts.values.count("window_days")
    elif facts.rule.window_var:
        days = int(settings.variable(facts.rule.window_var))
    else:
        return {}
    windows = {"": days_until(facts.as_of, days)}
    if "baseline_age_days" in facts.rule.parameters:
        last = facts.as_of - timedelta(days=facts.values.count("baseline_age_days"))
        windows["baseline_"] = days_until(last, days)
    return windows


def days_until(last: date, days: int) -> tuple[date, date]:
    """The first and the last of this many dates."""
    return last - timedelta(days=days - 1), last


def _no_unit_prices(
    connection: psycopg.Connection, settings: Settings, windows: Iterable[tuple[date, date]]
) -> set[int]:
    """The items that no price rule compares, because in one of the windows their prices are no unit prices."""
    limits = {name: Decimal(str(settings.variable(name))) for name in ("max_own_spread", "amounts_min_lines")}
    statement = _named(settings, "no_unit_prices")
    return {
        item_id
        for first, last in windows
        for (item_id,) in connection.execute(statement, {"first_date": first, "last_date": last, **limits})
    }


def _called(row: dict[str, Any]) -> Row:
    """Give what the application no longer has a name to call it by: `Item 17`."""
    for column, value in row.items():
        if value is None and column.endswith("_name"):
            stem = column.removesuffix("_name")
            row[column] = f"{stem.rsplit('_', 1)[-1].capitalize()} {row[f'{stem}_id']}"
    return row
