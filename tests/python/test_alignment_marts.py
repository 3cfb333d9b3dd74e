"""The alignment marts against their definition, computed the slow and plain way, on data made of edge cases."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import psycopg
import pytest
from dbt_database import DbtDatabase, dbt_database
from oracle import alignment
from oracle.alignment_data import Market, chance, edge_cases, rows_for_copy
from psycopg import sql

from runner.database.sources import create_source_tables
from runner.settings import load_settings


@dataclass(frozen=True)
class World:
    """One installation: its data, its date, its settings."""

    name: str
    as_of: date
    zone: str
    with_sales: bool
    trend_window_days: int | None = None
    carry_window_days: int | None = None


WORLDS = [
    World("29 February in New York, all time", date(2024, 2, 29), "America/New_York", with_sales=True),
    World("windows in Auckland, no optional table or column", date(2025, 3, 31), "Pacific/Auckland", False, 30, 90),
]


@pytest.fixture(scope="module")
def database(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DbtDatabase]:
    with dbt_database(server_url, tmp_path_factory.mktemp("alignment")) as opened:
        yield opened


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_every_column_of_every_alignment_mart_is_what_its_definition_says(database: DbtDatabase, world: World) -> None:
    market = Market(world.as_of, world.zone)
    edge_cases(market)
    chance(market, random.Random(world.name), vendors=15)
    if not world.with_sales:
        market.sources.sales.clear()
    fill(database, market.sources, with_optional=world.with_sales)

    build(database, world)

    expected = alignment.marts(
        market.sources, world.as_of, world.zone, world.trend_window_days, world.carry_window_days
    )
    for mart, rows in expected.items():
        assert differences(mart, rows, published(database, mart, world.as_of)) == []


def build(database: DbtDatabase, world: World) -> None:
    """Build everything alignment, data tests included."""
    variables = {
        "timezone": world.zone,
        "trend_window_days": world.trend_window_days,
        "carry_window_days": world.carry_window_days,
    }
    selection = ("--selector", "alignment", "--exclude-resource-type", "unit_test")
    database.run("build", *selection, "--vars", json.dumps(variables), as_of=world.as_of)


def fill(database: DbtDatabase, sources: alignment.Sources, *, with_optional: bool) -> None:
    """Put a market into fresh source tables, with or without what an application may lack."""
    database.reset("procurement")
    with psycopg.connect(database.url) as connection:
        create_source_tables(connection, load_settings(), "alignment", with_optional=with_optional)
        for table, (columns, rows) in rows_for_copy(sources).items():
            if table == "DealerSale" and not with_optional:
                continue
            statement = sql.SQL("copy {} ({}) from stdin").format(
                sql.Identifier("raw_alignment", table), sql.SQL(", ").join(map(sql.Identifier, columns))
            )
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)


def published(database: DbtDatabase, mart: str, as_of: date) -> list[dict[str, Any]]:
    """The rows of a mart without `as_of`, which must be right, and `computed_at` and `run_id`, which must be there."""
    found = database.rows(f"select * from fieldlab_alignment.{mart}")
    for row in found:
        assert row.pop("as_of") == as_of
        assert row.pop("computed_at").tzinfo is not None
        assert row.pop("run_id")
    return found


def differences(mart: str, expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[str]:
    """What a mart says otherwise than expected, one sentence per value."""
    wanted = {tuple(row[column] for column in alignment.KEYS[mart]): row for row in expected}
    seen = {tuple(row[column] for column in alignment.KEYS[mart]): exact(row) for row in found}
    sentences = [f"{len(found)} rows, not {len(expected)}"] if len(found) != len(expected) else []
    sentences += [f"{name} is missing" for name in wanted.keys() - seen.keys()]
    sentences += [f"{name} is not expected" for name in seen.keys() - wanted.keys()]
    return sentences + [
        f"{name}: {column} is {seen[name].get(column)}, not {wanted[name].get(column)}"
        for name in wanted.keys() & seen.keys()
        for column in wanted[name].keys() | seen[name].keys()
        if seen[name].get(column) != wanted[name].get(column)
    ]


def exact(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its decimals as fractions, so that 1.0 and 1 are one number."""
    return {column: Fraction(value) if isinstance(value, Decimal) else value for column, value in row.items()}
