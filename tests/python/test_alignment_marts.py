"""The alignment marts against their definition, computed the slow and plain way, on data made of edge cases."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import psycopg
import pytest
from oracle import alignment
from oracle.nasty_alignment import Market, chance, edge_cases, rows_for_copy
from psycopg import sql
from psycopg.rows import dict_row

from runner.dbt import Dbt, open_dbt
from runner.load.contract import create_source_tables
from runner.settings import load_settings
from runner.warehouse import Warehouse


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


@pytest.fixture
def dbt(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dbt]:
    """dbt on the fresh database, with a target folder of its own."""
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    with open_dbt(load_settings(), Warehouse(database_url), lambda event: None) as opened:
        yield opened


def test_every_column_of_every_alignment_mart_is_what_its_definition_says(dbt: Dbt, database_url: str) -> None:
    for number, world in enumerate(WORLDS):
        market = Market(world.as_of, world.zone)
        edge_cases(market)
        chance(market, random.Random(number), vendors=15)
        if not world.with_sales:
            market.sources.sales.clear()
        fill(database_url, market.sources, with_sales=world.with_sales)

        build(dbt, world)

        expected = alignment.marts(
            market.sources, world.as_of, world.zone, world.trend_window_days, world.carry_window_days
        )
        for mart, rows in expected.items():
            found = published(database_url, mart, world.as_of)
            assert differences(mart, rows, found) == [], f"{world.name}: {mart}"


def test_an_installation_without_the_alignment_application_has_empty_marts(dbt: Dbt, database_url: str) -> None:
    build(dbt, WORLDS[0])

    assert [published(database_url, mart, WORLDS[0].as_of) for mart in alignment.KEYS] == [[]] * len(alignment.KEYS)


def build(dbt: Dbt, world: World) -> None:
    """Build everything alignment, data tests included."""
    variables = {
        "timezone": world.zone,
        "trend_window_days": world.trend_window_days,
        "carry_window_days": world.carry_window_days,
    }
    result = dbt.invoke(
        ["build", "--selector", "alignment", "--exclude-resource-type", "unit_test", "--vars", json.dumps(variables)],
        {"FIELDLAB_AS_OF": world.as_of.isoformat()},
    )
    assert result.explain() == []


def fill(url: str, sources: alignment.Sources, *, with_sales: bool) -> None:
    """Put a market into source tables; the optional ones only when there are sales."""
    with psycopg.connect(url) as connection:
        connection.execute("drop schema if exists raw_alignment cascade")
        create_source_tables(connection, load_settings(), "alignment", with_optional=with_sales)
        for table, (columns, rows) in rows_for_copy(sources).items():
            if table == "DealerSale" and not with_sales:
                continue
            statement = sql.SQL("copy {} ({}) from stdin").format(
                sql.Identifier("raw_alignment", table), sql.SQL(", ").join(map(sql.Identifier, columns))
            )
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)


def published(url: str, mart: str, as_of: date) -> list[dict[str, Any]]:
    """The rows of a mart without `as_of`, which must be right, and `computed_at`, which must be there."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        rows = connection.execute(sql.SQL("select * from {}").format(sql.Identifier("fieldlab_alignment", mart)))
        found = rows.fetchall()
    for row in found:
        assert row.pop("as_of") == as_of
        assert row.pop("computed_at").tzinfo is not None
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
