"""The procurement marts against their definition, computed the slow and plain way, on data made of edge cases."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import psycopg
import pytest
from oracle import procurement
from oracle.procurement_data import by_chance, edge_cases, rows_for_copy
from psycopg import sql
from psycopg.rows import dict_row

from runner.database.sources import create_source_tables
from runner.database.warehouse import Warehouse
from runner.dbt.process import Dbt, open_dbt
from runner.settings import load_settings

JOBS = ("spending-metrics", "price-benchmarks", "purchase-patterns", "anomalies")

# Half a unit of the scale that means, shares and ratios are published with.
PUBLISHED = Fraction(1, 2 * 10**12)
# Sums of money and quantities, and the lines' own values, are exact.
EXACT = {"quantity", "unit_price", "amount", "total_amount", "network_min_price", "network_max_price"}
# Computed from published prices, so that up to three roundings meet.
TWICE_ROUNDED = {"item_price_benchmarks": 3, "price_variance": 3}


@dataclass(frozen=True)
class World:
    """One installation: its data, its dates, its settings."""

    name: str
    as_of: date
    zone: str
    sources: Callable[[date], procurement.Sources]
    number_type: str = "numeric"
    with_optional: bool = True
    earlier: tuple[int, ...] = ()


WORLDS = [
    World("edge cases in mid-month, prices looked at before", date(2024, 5, 15), "UTC", edge_cases, earlier=(7, 6, 2)),
    World("edge cases on 29 February, New York, doubles", date(2024, 2, 29), "America/New_York", edge_cases, "float8"),
    World("chance in Auckland", date(2025, 3, 31), "Pacific/Auckland", lambda as_of: by_chance(1, as_of)),
    World(
        "chance without optional columns",
        date(2025, 1, 1),
        "UTC",
        lambda as_of: by_chance(2, as_of, vendor_on_invoice=False),
        with_optional=False,
    ),
]


@pytest.fixture
def dbt(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dbt]:
    """dbt on the fresh database, with a target folder of its own."""
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    with open_dbt(load_settings(), Warehouse(database_url)) as opened:
        yield opened


def test_every_column_of_every_procurement_mart_is_what_its_definition_says(dbt: Dbt, database_url: str) -> None:
    # One world after the other in one database: what is kept or incremental must follow.
    for world in WORLDS:
        sources = world.sources(world.as_of)
        fill(database_url, sources, world)
        earlier = [world.as_of - timedelta(days) for days in world.earlier]

        for day in earlier:
            build(dbt, world, day, "+price_snapshots")
        build(dbt, world, world.as_of, *(f"+tag:{job}" for job in JOBS))

        for mart, rows in procurement.marts(sources, world.as_of, world.zone, earlier).items():
            found = published(database_url, mart, world)
            assert differences(mart, rows, found) == [], f"{world.name}: {mart}"


def build(dbt: Dbt, world: World, as_of: date, *selected: str) -> None:
    """Build the selected models with their data tests."""
    result = dbt.invoke(
        [
            *("build", "--select", *selected),
            *("--exclude-resource-type", "unit_test", "--indirect-selection", "buildable"),
            *("--vars", json.dumps({"timezone": world.zone})),
        ],
        {"FIELDLAB_AS_OF": as_of.isoformat()},
    )
    assert result.explain() == []


def fill(url: str, sources: procurement.Sources, world: World) -> None:
    """Put the books into source tables."""
    with psycopg.connect(url) as connection:
        connection.execute("drop schema if exists raw_procurement cascade")
        create_source_tables(connection, load_settings(), "procurement", with_optional=world.with_optional)
        for column in ("quantity", "price"):
            connection.execute(
                sql.SQL("alter table {} alter column {} type {}").format(
                    sql.Identifier("raw_procurement", "InvoiceItem"),
                    sql.Identifier(column),
                    sql.SQL(world.number_type),
                )
            )
        for table, (columns, rows) in rows_for_copy(sources).items():
            width = len(columns) if world.with_optional or columns[-1] != "vendorId" or table == "Item" else -1
            statement = sql.SQL("copy {} ({}) from stdin").format(
                sql.Identifier("raw_procurement", table), sql.SQL(", ").join(map(sql.Identifier, columns[:width]))
            )
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row[:width])


def published(url: str, mart: str, world: World) -> list[dict[str, Any]]:
    """The rows of a mart without the columns of the run; of price snapshots those of the world's own dates."""
    query = sql.SQL("select * from {}").format(sql.Identifier("fieldlab_procurement", mart))
    if mart == "price_snapshots":
        days = [world.as_of - timedelta(ago) for ago in (*world.earlier, 0)]
        query += sql.SQL(" where snapshot_date = any({})").format(sql.Literal(days))
    with psycopg.connect(url, row_factory=dict_row) as connection:
        found = connection.execute(query).fetchall()
    for row in found:
        # What did not change keeps the run that wrote it.
        assert row.pop("as_of") == world.as_of or mart in {"price_snapshots", "spending_metrics", "invoice_lines"}
        assert row.pop("computed_at").tzinfo is not None
        assert row.pop("run_id")
    return found


def differences(mart: str, expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[str]:
    """What a mart says otherwise than expected, one sentence per value. It may have more columns."""
    key = procurement.KEYS[mart]
    wanted = {tuple(row[column] for column in key): row for row in expected}
    seen = {tuple(row[column] for column in key): row for row in found}
    sentences = [f"{len(found)} rows, not {len(expected)}"] if len(found) != len(expected) else []
    sentences += [f"{name} is missing" for name in wanted.keys() - seen.keys()]
    sentences += [f"{name} is not expected" for name in seen.keys() - wanted.keys()]
    allowed = PUBLISHED * TWICE_ROUNDED.get(mart, 1)
    return sentences + [
        f"{label(wanted[name], name)}: {column} is {seen[name].get(column, 'no column')}, not {readable(value)}"
        for name in wanted.keys() & seen.keys()
        for column, value in wanted[name].items()
        if not agree(value, seen[name].get(column, "no column"), Fraction(0) if column in EXACT else allowed)
    ]


def agree(wanted: Any, seen: Any, allowed: Fraction) -> bool:
    """Whether two values are the same, numbers within what is allowed; also inside JSON."""
    if isinstance(wanted, dict) and isinstance(seen, dict):
        return wanted.keys() == seen.keys() and all(agree(value, seen[key], allowed) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(seen, list):
        return len(wanted) == len(seen) and all(
            agree(left, right, allowed) for left, right in zip(wanted, seen, strict=True)
        )
    if isinstance(wanted, Fraction) and isinstance(seen, float):
        return abs(Fraction(seen) - wanted) <= max(abs(wanted), 1) * Fraction(1, 10**12)  # JSON read as a double
    if isinstance(wanted, Fraction):
        return isinstance(seen, (int, Decimal)) and abs(Fraction(seen) - wanted) <= allowed
    return bool(wanted == seen)


def label(row: dict[str, Any], key: tuple[Any, ...]) -> str:
    """The row in words."""
    return f"{row.get('item_name', '')} {key}"


def readable(value: Any) -> Any:
    """A fraction as a decimal, for the message."""
    return float(value) if isinstance(value, Fraction) else value
