"""The marts about spending against their definition, computed the slow and plain way, on data made of edge cases."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import psycopg
import pytest
from dbt_database import DbtDatabase, dbt_database
from oracle import spend
from oracle.spend_data import by_chance, corrected, rows_for_copy
from psycopg import sql

# Half a unit of the scale that shares and ratios are published with.
PUBLISHED = Fraction(1, 2 * 10**12)
# Quotients of sums of quotients, which a database keeps with 16 digits; a product of 36 roots.
RELATIVE = dict.fromkeys(("year_laspeyres", "year_paasche", "year_fisher", "month_fisher"), Fraction(1, 10**14)) | {
    "chained_index": Fraction(1, 10**9)
}
ROUNDED = {
    *RELATIVE,
    *("year_coverage", "spend_share", "hhi", "effective_vendor_count", "top_share", "tail_share", "identical_share"),
    *("ratio", "mean_price", "usual_price", "extra_cost", "covered_share"),
}
OPTIONAL = {"taxId", "category", "vendorId", "purchaseOrderId", "invoiceNumber", "amount"}

DEFAULTS = spend.Settings()


@dataclass(frozen=True)
class World:
    """One installation: its data, its date, its settings."""

    name: str
    as_of: date
    books: spend.Books
    settings: spend.Settings = DEFAULTS
    with_optional: bool = True


WORLDS = [
    World("on 29 February", date(2024, 2, 29), by_chance(1, date(2024, 2, 29))),
    World("on 29 February, some prices and categories corrected", date(2024, 2, 29),
          corrected(by_chance(1, date(2024, 2, 29)))),
    World("on 28 February of a leap year", date(2024, 2, 28), by_chance(2, date(2024, 2, 28))),
    World("a leap day in the quarter, one pair enough", date(2024, 3, 31), by_chance(3, date(2024, 3, 31)),
          spend.Settings(price_index_min_pairs=1)),
    World("a year after a leap day, two pairs enough", date(2025, 2, 28), by_chance(4, date(2025, 2, 28)),
          spend.Settings(price_index_min_pairs=2, price_index_months=5, timezone="Pacific/Auckland")),
    World("without optional columns", date(2025, 1, 1), by_chance(5, date(2025, 1, 1), with_optional=False),
          with_optional=False),
    World("a fiscal year from March, on its first day", date(2025, 3, 1), by_chance(7, date(2025, 3, 1)),
          spend.Settings(fiscal_year_start_month=3, price_index_min_pairs=2, timezone="America/New_York")),
    World("other settings", date(2024, 12, 31), by_chance(8, date(2024, 12, 31)),
          spend.Settings(fiscal_year_start_month=4, standing_days=180, class_a_share=Fraction(1, 2),
                         new_vendor_days=40, lost_vendor_dates=2, usual_vendor_min_invoices=3,
                         usual_vendor_share=Fraction(3, 5), unit_error_min_invoices=2, duplicate_min_items=1,
                         duplicate_min_share=Fraction(1, 2), standing_order_share=Fraction(9, 10))),
    World("nothing", date(2024, 6, 30), spend.Books()),
]  # fmt: skip


@pytest.fixture(scope="module")
def database(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DbtDatabase]:
    with dbt_database(server_url, tmp_path_factory.mktemp("spend")) as opened:
        yield opened


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_every_column_of_every_mart_about_spending_is_what_its_definition_says(
    database: DbtDatabase, world: World
) -> None:
    # One world after the other in one database: what is kept must follow.
    fill(database.url, world)
    given = {
        setting.name: float(value) if isinstance(value := getattr(world.settings, setting.name), Fraction) else value
        for setting in fields(world.settings)
        if getattr(world.settings, setting.name) != setting.default
    }
    database.run(
        *("build", "--select", *(f"+{mart}" for mart in spend.KEYS), "--indirect-selection", "buildable"),
        *("--exclude-resource-type", "unit_test"),
        *(["--vars", json.dumps(given)] if given else []),
        as_of=world.as_of,
    )
    for mart, rows in spend.marts(world.books, world.as_of, world.settings).items():
        assert (
            differences(mart, rows, database.rows(f"select * from fieldlab_procurement.{mart}"), world.as_of) == []
        ), mart


def test_the_worlds_hold_what_the_marts_look_for() -> None:
    found = [spend.marts(world.books, world.as_of, world.settings) for world in WORLDS]
    rows = {mart: [row for marts in found for row in marts[mart]] for mart in spend.KEYS}
    assert min(len(listed) for listed in rows.values()) >= 10
    for effect in ("price", "mix", "volume", "new_item", "lost_item", "other"):
        assert any(row[f"{effect}_effect"] != 0 for row in rows["spend_bridge"]), effect
    for flag in ("is_new", "is_lost", "is_one_off"):
        assert any(row[flag] for row in rows["vendor_standing"]), flag
    assert {row["basis"] for row in rows["duplicate_invoices"]} == {"number", "lines"}
    assert {row["basis"] for row in rows["vendor_twins"]} == {"tax_id", "name"}
    assert {row["direction"] for row in rows["unit_price_errors"]} == {"above", "below"}
    assert any(row["year_fisher"] not in (None, 1) for row in rows["price_indices"])
    assert any(row["over_ordered_amount"] for row in rows["purchase_order_coverage"])
    assert any(row["over_ordered_amount"] is None for row in rows["purchase_order_coverage"])


def fill(url: str, world: World) -> None:
    """Put the books into source tables."""
    with psycopg.connect(url) as connection:
        connection.execute("drop schema if exists raw_procurement cascade")
        connection.execute("create schema raw_procurement")
        for table, (columns, rows) in rows_for_copy(world.books).items():
            kept = [
                place
                for place, column in enumerate(columns)
                if world.with_optional or column not in OPTIONAL or (table, column) == ("Item", "vendorId")
            ]
            if table == "PurchaseOrder" and not world.with_optional:
                continue
            named = list(columns)
            connection.execute(
                sql.SQL("create table {} ({})").format(
                    sql.Identifier("raw_procurement", table),
                    sql.SQL(", ").join(
                        sql.SQL("{} {}").format(sql.Identifier(named[place]), sql.SQL(columns[named[place]]))  # type: ignore[arg-type]
                        for place in kept
                    ),
                )
            )
            with (
                connection.cursor() as cursor,
                cursor.copy(sql.SQL("copy {} from stdin").format(sql.Identifier("raw_procurement", table))) as copied,
            ):
                for row in rows:
                    copied.write_row([row[place] for place in kept])


def differences(mart: str, expected: list[dict[str, Any]], found: list[dict[str, Any]], as_of: date) -> list[str]:
    """What a mart says otherwise than expected, one sentence per value."""
    key = spend.KEYS[mart]
    wanted = {tuple(row[column] for column in key): row for row in expected}
    seen = {tuple(row[column] for column in key): row for row in found}
    assert len(wanted) == len(expected), f"{mart}: not a key"
    sentences = [f"{len(found)} rows, not {len(expected)}"] if len(found) != len(expected) else []
    sentences += [f"{name} is missing" for name in wanted.keys() - seen.keys()]
    sentences += [f"{name} is not expected" for name in seen.keys() - wanted.keys()]
    sentences += [f"as of {row['as_of']}" for row in found if row["as_of"] != as_of]
    columns = {"as_of", "computed_at", "run_id"}
    sentences += [
        f"its columns are {sorted(row)}" for row in found[:1] if expected and set(row) != set(expected[0]) | columns
    ]
    return sentences + [
        f"{name}: {column} is {seen[name].get(column, 'no column')}, not {readable(value)}"
        for name in wanted.keys() & seen.keys()
        for column, value in wanted[name].items()
        if not agree(column, value, seen[name].get(column, "no column"))
    ]


def agree(column: str, wanted: Any, seen: Any) -> bool:
    """Whether two values are the same, quotients as they are published."""
    if not isinstance(wanted, Fraction) or not isinstance(seen, Decimal):
        return bool(wanted == seen)
    allowed = PUBLISHED + abs(wanted) * RELATIVE.get(column, 0) if column in ROUNDED else 0
    return abs(Fraction(seen) - wanted) <= allowed


def readable(value: Any) -> Any:
    """A fraction as a decimal, for the message."""
    return float(value) if isinstance(value, Fraction) else value
