"""Reads what people tuned: the seed `recommendation_rules`, as a file before dbt loads it and as a table after."""

import csv
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

import psycopg

from runner.database.query import query
from runner.errors import FieldlabError
from runner.rules.parameters import SEED_FILE, Rule, Values, check_parameters
from runner.settings import Settings


def check_seed_file(project_dir: Path, rules: Sequence[Rule]) -> None:
    """Look at the seed before dbt loads it: dbt stops at the first value that is no number, and names no parameter.

    Raises:
        FieldlabError: As `check_parameters`.
    """
    file = project_dir / SEED_FILE
    if not file.is_file():
        return
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FieldlabError(f"{file}, line {line}, is not UTF-8.", "Save it as CSV in UTF-8.") from error
    rows = [
        (row.get("rule_id") or "", row.get("parameter") or "", _number(row.get("value")))
        for row in csv.DictReader(text.splitlines())
    ]
    check_parameters(rows, rules)


def _number(text: str | None) -> Decimal | str | None:
    if text is None or not text.strip():
        return None
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        return text


def read_parameters(connection: psycopg.Connection, settings: Settings, rules: Sequence[Rule]) -> dict[str, Values]:
    """Read every rule's parameters from the seed table.

    Args:
        connection: The warehouse.
        settings: Names the schema that seeds are in.
        rules: All rules there are; the seed must name exactly these.

    Returns:
        The values by rule_id.

    Raises:
        FieldlabError: The seed is not loaded, or does not say exactly what the rules need.
    """
    try:
        rows = connection.execute(query(settings, _PARAMETERS)).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise FieldlabError(
            "The parameters of the rules are not loaded: "
            f"there is no table {settings.schema('staging')}.recommendation_rules.",
            "Load them with `dbt seed`, or run `fieldlab run`, which does it too.",
        ) from error
    return check_parameters(rows, rules)


_PARAMETERS = """
    select coalesce(rule_id, ''), coalesce(parameter, ''), value
    from {staging}.recommendation_rules
"""
