"""The recommendations a run publishes against their definition, computed the slow and plain way from the same books."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import psycopg
import pytest
from oracle.procurement import Sources
from oracle.procurement_data import by_chance, rows_for_copy
from oracle.recommendations import counted_once, recommendations
from oracle.recommendations_data import rule_edges, spending_shares
from psycopg import sql
from psycopg.rows import dict_row

from runner.database.sources import create_source_tables
from runner.database.warehouse import Warehouse
from runner.ops.pipeline import run_pipeline
from runner.ops.report import Request
from runner.procurement.read import Filter, list_decisions
from runner.settings import Settings, load_settings

ZONE = "America/New_York"
# A confidence is published with 12 decimals, and may be computed from a published deviation.
ALLOWED = Fraction(1, 10**12)
SUBJECT = ("item_id", "vendor_id", "branch_id", "invoice_id")


@dataclass(frozen=True)
class World:
    """One installation's data as of a date."""

    name: str
    as_of: date
    sources: Callable[[date], Sources]


# The first ends a month and a year, the last one's recommendations outlive the summer time.
WORLDS = [
    World("edges", date(2023, 12, 31), rule_edges),
    World("four fifths", date(2024, 2, 29), spending_shares),
    World("chance", date(2025, 10, 5), lambda as_of: by_chance(3, as_of, orders=1500)),
]


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The project itself, but in another time zone."""
    original = load_settings().project_dir
    project = tmp_path / "project"
    project.mkdir()
    for path in original.iterdir():
        if path.name not in {"dbt_project.yml", "target", "logs"}:
            (project / path.name).symlink_to(path)
    text = (original / "dbt_project.yml").read_text(encoding="utf-8")
    assert text.count("timezone: UTC") == 1
    (project / "dbt_project.yml").write_text(text.replace("timezone: UTC", f"timezone: {ZONE}"), encoding="utf-8")
    monkeypatch.setenv("FIELDLAB_PROJECT_DIR", str(project))
    return load_settings()


def test_every_recommendation_published_is_what_its_definition_says(settings: Settings, database_url: str) -> None:
    for world in WORLDS:
        sources = world.sources(world.as_of)
        fill(database_url, settings, sources)

        report = run_pipeline(settings, Warehouse(database_url), Request(["recommendations"], world.as_of))
        assert report.problems == (), world.name

        expected = recommendations(sources, world.as_of, ZONE)
        assert len(expected) > 1, world.name
        found = published(database_url)
        assert differences(sources, expected, found) == [], world.name
        assert [number for row in found for number in unexplained(row)] == [], world.name
        with psycopg.connect(database_url) as connection:
            listed = list_decisions(connection, settings, Filter())
        assert listed.totals == counted_once(expected), world.name


def fill(url: str, settings: Settings, sources: Sources) -> None:
    """Put the books into source tables; nothing published stays."""
    with psycopg.connect(url) as connection:
        connection.execute("drop schema if exists raw_procurement cascade")
        connection.execute("drop schema if exists fieldlab_ops cascade")
        create_source_tables(connection, settings, "procurement", with_optional=True)
        for table, (columns, rows) in rows_for_copy(sources).items():
            statement = sql.SQL("copy {} ({}) from stdin").format(
                sql.Identifier("raw_procurement", table), sql.SQL(", ").join(map(sql.Identifier, columns))
            )
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
        with connection.cursor() as cursor:
            cursor.executemany(
                'insert into raw_procurement."PurchaseOrder" ("id", "orderedAt", "vendorId", "branchId", "status")'
                " values (%s, %s, %s, %s, %s)",
                [(row.id, row.at, row.vendor_id, row.branch_id, row.status) for row in sources.purchase_orders],
            )


def published(url: str) -> list[dict[str, Any]]:
    """What stands in the published table."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute("select * from fieldlab_ops.recommendations").fetchall()


def differences(sources: Sources, expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[str]:
    """What is published otherwise than expected, one sentence per value."""
    wanted = {row["fingerprint"]: row for row in expected}
    seen = {row["fingerprint"]: row for row in found}
    assert len(wanted) == len(expected)
    assert len(seen) == len(found)
    return [
        *(f"missing: {label(sources, wanted[key])}" for key in wanted.keys() - seen.keys()),
        *(f"not expected: {seen[key]['rule_id']} {seen[key]['title']}" for key in seen.keys() - wanted.keys()),
        *(
            f"{label(sources, wanted[key])}: {column} is {value}, not {wanted[key][column]}"
            for key in wanted.keys() & seen.keys()
            for column, value in comparable(seen[key]).items()
            if not agree(column, wanted[key][column], value)
        ),
    ]


def comparable(row: dict[str, Any]) -> dict[str, Any]:
    """A published row with the ids out of its context."""
    context = row["context"]
    columns = (
        *("rule_id", "type", "category", "fingerprint", "decision_key", "estimated_savings", "expected_savings"),
        *("savings_basis", "confidence_score"),
        *("priority", "status", "expires_at", "as_of"),
    )
    return {
        **{column: row[column] for column in columns},
        **{name: row[name] for name in SUBJECT},
        "roles": {
            name: context[name] for name in ("main_vendor_id", "best_vendor_id", "lowest_branch_id") if name in context
        },
    }


def agree(column: str, wanted: Any, seen: Any) -> bool:
    """Whether two values are the same, a confidence to 12 decimals."""
    if column == "confidence_score":
        return abs(Fraction(seen) - wanted) <= ALLOWED
    return bool(wanted == seen)


def unexplained(row: dict[str, Any]) -> list[str]:
    """The numbers in a recommendation's sentences that are not among the numbers behind it."""
    text = f"{row['title']} {row['description']} {row['reasoning']}"
    behind = {row["estimated_savings"]}
    for value in row["context"].values():
        if isinstance(value, int | float):
            behind |= {Decimal(str(float(value))), Decimal(str(float(value))) * 100}
        for name in value if isinstance(value, list) else [value]:
            text = text.replace(str(name), "") if isinstance(name, str) else text
    # Dates and rough estimates aside.
    text = re.sub(
        r"\d+ [A-Z][a-z]+ \d{4}|[Aa]bout [\d,]+ (a year|at stake)|save about [\d,]+|[Ll]ess than 1 ", "", text
    )
    numbers = [number.rstrip(".,") for number in re.findall(r"\d[\d,.]*", text)]
    return [
        f"{row['rule_id']}: {number} in {text}"
        for number in numbers
        if not any(value is not None and reads_as(value, number) for value in behind)
    ]


def reads_as(value: Decimal, text: str) -> bool:
    """Whether a number, rounded, is written like this."""
    written = Decimal(text.replace(",", ""))
    return value.quantize(written, ROUND_HALF_UP) == written


def label(sources: Sources, row: dict[str, Any]) -> str:
    """The recommendation in words."""
    name = "" if row["item_id"] is None else sources.items[row["item_id"]].name
    return f"{row['rule_id']} {name} {tuple(row[part] for part in SUBJECT)}"
