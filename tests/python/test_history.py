"""History by as-of date: what a run replaces and what it leaves alone; and what the snapshots of the sources keep."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from dbt_database import DbtDatabase, dbt_database

from runner.database.warehouse import Warehouse
from runner.dbt.process import DbtResult, Listener
from runner.errors import FieldlabError
from runner.ops.backfill import backfill
from runner.settings import load_settings

MARCH = date(2024, 3, 31)
APRIL = MARCH + timedelta(30)
PRICES = ("+price_movements", "price_snapshots")
ALIGNMENT = ("+trend_movements", "+influence_movements")


@pytest.fixture(scope="module")
def shared_database(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DbtDatabase]:
    with dbt_database(server_url, tmp_path_factory.mktemp("history")) as database:
        yield database


@pytest.fixture
def database(shared_database: DbtDatabase) -> DbtDatabase:
    """One item of one vendor, one of no vendor; each bought three times a day in the branch."""
    shared_database.reset("procurement")
    with shared_database.connect("raw_procurement") as connection:
        connection.execute("""insert into "Vendor" values (3, 'Valley Foods')""")
        connection.execute("""insert into "Branch" values (2, 'Downtown')""")
        connection.execute("""insert into "Item" (id, name, "vendorId") values (7, 'Milk', 3), (8, 'Eggs', null)""")
    return shared_database


@pytest.fixture
def furnished(shared_database: DbtDatabase) -> DbtDatabase:
    """A dealer that takes the first of two collections on one date and the second on the other."""
    shared_database.reset("alignment")
    with shared_database.connect("raw_alignment") as connection:
        connection.execute("""
            insert into "Dealer" values ('d1', 'Corner Store', null, 'SHOWROOM');
            insert into "Collection" values ('c1', 'Oak', 'acme', 0), ('c2', 'Elm', 'acme', 0);
            insert into "Product" (id, sku, name, description, "collectionId")
            values ('p1', 's1', 'Oak chair', '', 'c1'), ('p2', 's2', 'Elm chair', '', 'c2');
        """)
        select(connection, "p1", MARCH)
        select(connection, "p2", APRIL)
    return shared_database


def test_any_date_may_be_run_at_any_time_and_replaces_its_own_rows_only(database: DbtDatabase) -> None:
    buy(database, MARCH, price=10)
    buy(database, APRIL, price=12)
    build(database, APRIL)
    assert prices(database) == {APRIL: 12}
    assert movement(database) == {7: (12, None, None, None), 8: (12, None, None, None)}

    build(database, MARCH)
    assert prices(database) == {MARCH: 10, APRIL: 12}
    assert movement(database) == {7: (10, None, None, None), 8: (10, None, None, None)}

    build(database, APRIL)
    assert prices(database) == {MARCH: 10, APRIL: 12}
    assert movement(database) == {7: (12, 10, 20, "RISING"), 8: (12, 10, 20, "RISING")}

    reprice(database, APRIL, price=9)
    build(database, APRIL)
    assert prices(database) == {MARCH: 10, APRIL: 9}
    assert movement(database) == {7: (9, 10, -10, "FALLING"), 8: (9, 10, -10, "FALLING")}


def test_a_date_run_again_without_anything_to_say_is_empty(database: DbtDatabase) -> None:
    buy(database, MARCH, price=10)
    build(database, MARCH)
    buy(database, APRIL, price=12)
    build(database, APRIL)
    with database.connect("raw_procurement") as connection:
        connection.execute("""update "Invoice" set status = 'REJECTED' where date = %s""", [MARCH])

    build(database, MARCH)

    assert prices(database) == {APRIL: 12}
    assert snapshot_dates(database) == {APRIL: 2}


def test_what_is_not_bought_any_more_is_absent(database: DbtDatabase) -> None:
    buy(database, MARCH, price=10)
    build(database, MARCH)
    build(database, APRIL)
    assert prices(database) == {MARCH: 10}
    assert movement(database) == {}


def test_a_full_refresh_keeps_the_other_dates(database: DbtDatabase) -> None:
    buy(database, MARCH, price=10)
    build(database, MARCH)
    buy(database, APRIL, price=12)
    build(database, APRIL)
    assert snapshot_dates(database) == {MARCH: 2, APRIL: 2}

    reprice(database, MARCH, price=99)
    build(database, APRIL, "--full-refresh")

    assert prices(database) == {MARCH: 10, APRIL: 12}
    assert snapshot_dates(database) == {MARCH: 2, APRIL: 2}


def test_alignment_keeps_what_each_date_said(furnished: DbtDatabase) -> None:
    build(furnished, MARCH, models=ALIGNMENT)
    build(furnished, APRIL, models=ALIGNMENT)
    build(furnished, MARCH - timedelta(1), "--full-refresh", models=ALIGNMENT)

    trends = furnished.rows(
        "select as_of, collection_id, raw_trend, trend_base, carrying_dealer_count as carrying"
        " from fieldlab_alignment.collection_trend_history order by 1, 2"
    )
    assert [tuple(row.values()) for row in trends] == [
        (MARCH - timedelta(1), "c1", 0, 1, 0),
        (MARCH - timedelta(1), "c2", 0, 1, 0),
        (MARCH, "c1", Decimal("1.5"), Decimal("1.5"), 1),
        (MARCH, "c2", 0, Decimal("1.5"), 0),
        (APRIL, "c1", Decimal("1.5"), Decimal("1.5"), 1),
        (APRIL, "c2", Decimal("1.5"), Decimal("1.5"), 1),
    ]
    dealers = furnished.rows(
        "select as_of, dealer_id, score, alignment_score from fieldlab_alignment.dealer_influence_history order by 1"
    )
    assert [tuple(row.values()) for row in dealers] == [(MARCH, "d1", 0, 100), (APRIL, "d1", 0, 100)]


def test_snapshots_keep_what_the_application_overwrites_and_nothing_reads_them(database: DbtDatabase) -> None:
    build(database, MARCH, models=["+items_snapshot"])
    with database.connect("raw_procurement") as connection:
        connection.execute("""update "Item" set unit = 'case' where id = 7; delete from "Item" where id = 8""")
    build(database, MARCH, models=["+items_snapshot"])

    versions = database.rows(
        "select item_id, unit, dbt_valid_to is null as holds"
        " from fieldlab_snapshots.items_snapshot order by item_id, dbt_valid_from"
    )
    assert [tuple(row.values()) for row in versions] == [(7, None, False), (7, "case", True), (8, None, False)]

    children = database.dbt.manifest()["child_map"]
    snapshots = [read_by for key, read_by in children.items() if key.startswith("snapshot.")]
    assert snapshots == [[]] * 4


def select(connection: psycopg.Connection, product: str, day: date) -> None:
    """A dealer takes a product."""
    connection.execute(
        """insert into "Selection" values (%s, 'd1', %s, 'SELECTED', 'eCat', %s)""", [product, product, day]
    )


def test_backfill_fills_each_date_and_leaves_the_marts_as_of_theirs(
    furnished: DbtDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.ops.backfill.open_dbt", lambda *_: nullcontext(furnished.dbt))
    build(furnished, APRIL, models=(*ALIGNMENT, "+sku_trends"))

    dates = [MARCH - timedelta(30), MARCH]
    done = backfill(load_settings(), Warehouse(furnished.url), dates, ("alignment",))

    assert done.dates == dates
    assert done.rows == 2 * 2 + 1  # both collections on both dates, and the dealer once it is active
    assert trend_dates(furnished) == [*dates, APRIL]
    assert about(furnished) == {APRIL}
    assert (
        len(furnished.rows(" union ".join(f"select run_id from fieldlab_alignment.{mart}" for mart in REPORTED))) == 1
    )
    moved = furnished.rows("select change_30_days from fieldlab_alignment.influence_movements")
    assert moved == [{"change_30_days": 0}]
    assert furnished.rows("select job, outcome from fieldlab_ops.job_runs") == [
        {"job": "backfill", "outcome": "succeeded"}
    ]
    assert furnished.rows("select 1 from information_schema.tables where table_schema = 'fieldlab_snapshots'") == []


def test_a_backfill_that_fails_keeps_the_dates_before_and_the_marts_as_they_were(
    furnished: DbtDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing:
        """dbt, but it fails as of one date."""

        def run(self, arguments: list[str], environment: Mapping[str, str], listen: Listener) -> DbtResult:
            if environment["FIELDLAB_AS_OF"] == MARCH.isoformat():
                return DbtResult(error="no space left")
            return furnished.dbt.run(arguments, environment, listen)

    monkeypatch.setattr("runner.ops.backfill.open_dbt", lambda *_: nullcontext(Failing()))
    build(furnished, APRIL, models=(*ALIGNMENT, "+sku_trends"))

    first, last = MARCH - timedelta(1), MARCH + timedelta(1)
    with pytest.raises(FieldlabError, match="no space left") as failure:
        backfill(load_settings(), Warehouse(furnished.url), [first, MARCH, last], ("alignment",))

    assert f"--from {MARCH} --to {last}" in failure.value.hint
    assert trend_dates(furnished) == [first, APRIL]
    assert about(furnished) == {APRIL}


# What a report of a dealer is made from.
REPORTED = ("dealer_influence", "dealer_alignment", "collection_trends", "dealer_collection_positions", "dealers")


def trend_dates(database: DbtDatabase) -> list[date]:
    """The dates that the history of trends has."""
    found = database.rows("select distinct as_of from fieldlab_alignment.collection_trend_history order by as_of")
    return [row["as_of"] for row in found]


def about(database: DbtDatabase) -> set[date]:
    """The dates that alignment's marts are about."""
    marts = ("dealer_influence", "dealer_alignment", "collection_trends", "trend_movements", "influence_movements")
    found = database.rows(" union ".join(f"select as_of from fieldlab_alignment.{mart}" for mart in marts))
    return {row["as_of"] for row in found}


def buy(database: DbtDatabase, day: date, *, price: int, times: int = 3) -> None:
    """Buy both items on one invoice per time."""
    with database.connect("raw_procurement") as connection:
        for _ in range(times):
            (found,) = connection.execute('select coalesce(max(id), 0) + 1 as number from "Invoice"').fetchall()
            number = found["number"]
            connection.execute(
                """insert into "Invoice" (id, date, status, "branchId") values (%s, %s, 'APPROVED', 2)""", [number, day]
            )
            connection.execute(
                """insert into "InvoiceItem" select %s * 10 + i.id, %s, i.id, 5, %s from "Item" as i""",
                [number, number, price],
            )


def reprice(database: DbtDatabase, day: date, *, price: int) -> None:
    """Change the prices of a day's purchases."""
    with database.connect("raw_procurement") as connection:
        connection.execute(
            'update "InvoiceItem" set price = %s from "Invoice" as i where "invoiceId" = i.id and i.date = %s',
            [price, day],
        )


def build(database: DbtDatabase, as_of: date, *flags: str, models: Sequence[str] = PRICES) -> None:
    """Build movements, the histories they read and the tests of these."""
    selection = ("--select", *models, "--indirect-selection", "buildable")
    database.run("build", *selection, "--exclude-resource-type", "unit_test", *flags, as_of=as_of)


def prices(database: DbtDatabase) -> dict[date, Any]:
    """The mean price of both items by date."""
    found = database.rows("select as_of, item_id, mean_price from fieldlab_procurement.item_price_history")
    by_date = {row["as_of"]: row["mean_price"] for row in found}
    assert [
        (row["as_of"], row["item_id"]) for row in sorted(found, key=lambda row: (row["as_of"], row["item_id"]))
    ] == [(day, item) for day in sorted(by_date) for item in (7, 8)]
    return by_date


def movement(database: DbtDatabase) -> dict[int, tuple[Any, ...]]:
    """Per item: its price now, 30 days ago, the change in percent and what that is called."""
    found = database.rows("select * from fieldlab_procurement.price_movements")
    columns = ("mean_price", "mean_price_30_days_ago", "change_30_days_pct", "movement")
    return {row["item_id"]: tuple(row[column] for column in columns) for row in found}


def snapshot_dates(database: DbtDatabase) -> dict[date, int]:
    """How many prices each snapshot date has."""
    found = database.rows(
        "select snapshot_date, count(*) as prices from fieldlab_procurement.price_snapshots group by snapshot_date"
    )
    return {row["snapshot_date"]: row["prices"] for row in found}
