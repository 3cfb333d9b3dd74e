"""History follows the as-of date: what snapshots and price_snapshots keep, replace and leave alone."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from dbt_database import DbtDatabase, dbt_database

MARCH = date(2024, 3, 31)
APRIL = MARCH + timedelta(30)


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


def test_the_newest_date_run_again_replaces_what_it_wrote(database: DbtDatabase) -> None:
    buy(database, MARCH, price=10)
    build(database, MARCH)
    buy(database, APRIL, price=12)
    build(database, APRIL)
    once = history(database)

    build(database, APRIL)
    assert history(database) == once

    reprice(database, APRIL, price=9)
    build(database, APRIL)
    assert [(v["from"], v["to"], v["mean_price"]) for v in history(database, item=7)] == [
        (MARCH, APRIL, 10),
        (APRIL, None, 9),
    ]
    assert movement(database) == {7: (9, 10, -10, "FALLING"), 8: (9, 10, -10, "FALLING")}


def test_an_older_date_leaves_history_as_it_is_and_is_shown_as_it_stood_then(database: DbtDatabase) -> None:
    buy(database, MARCH, price=10)
    build(database, MARCH)
    buy(database, APRIL, price=12)
    build(database, APRIL)
    newest = history(database)
    assert movement(database) == {7: (12, 10, 20, "RISING"), 8: (12, 10, 20, "RISING")}

    reprice(database, MARCH, price=99)
    build(database, MARCH + timedelta(10))

    assert history(database) == newest
    assert movement(database) == {7: (10, None, None, None), 8: (10, None, None, None)}


def test_a_day_on_which_nothing_changed_is_part_of_history(database: DbtDatabase) -> None:
    buy(database, MARCH, price=10)
    build(database, MARCH)
    build(database, MARCH + timedelta(5))
    reprice(database, MARCH, price=99)

    build(database, MARCH + timedelta(2))

    assert [(v["from"], v["to"], v["mean_price"]) for v in history(database, item=7)] == [(MARCH, None, 10)]


def test_what_is_no_longer_bought_is_closed_and_may_come_back_the_same_day(database: DbtDatabase) -> None:
    buy(database, MARCH, price=10)
    build(database, MARCH)
    build(database, APRIL)
    assert [(v["from"], v["to"]) for v in history(database)] == [(MARCH, APRIL), (MARCH, APRIL)]
    assert movement(database) == {}

    build(database, APRIL - timedelta(1))
    assert [(v["from"], v["to"]) for v in history(database)] == [(MARCH, APRIL), (MARCH, APRIL)]

    with database.connect("raw_procurement") as connection:
        connection.execute('update "Invoice" set date = %s', [APRIL])
    build(database, APRIL)
    assert [(v["from"], v["to"]) for v in history(database, item=7)] == [(MARCH, APRIL), (APRIL, None)]


def test_movements_wait_for_history_and_for_enough_purchases(database: DbtDatabase) -> None:
    buy(database, MARCH, price=10, times=2)
    build(database, MARCH)
    assert movement(database) == {7: (10, None, None, None), 8: (10, None, None, None)}

    buy(database, APRIL, price=20)
    build(database, APRIL)
    assert movement(database) == {7: (20, 10, 100, None), 8: (20, 10, 100, None)}


def test_a_full_refresh_keeps_history_and_prices_of_other_dates(database: DbtDatabase) -> None:
    buy(database, MARCH, price=10)
    build(database, MARCH)
    buy(database, APRIL, price=12)
    build(database, APRIL)
    versions, dates = history(database), price_dates(database)
    assert dates == {MARCH: 2, APRIL: 2}

    build(database, APRIL, "--full-refresh")

    assert history(database) == versions
    assert price_dates(database) == dates


def test_a_date_run_again_replaces_its_own_prices_only(database: DbtDatabase) -> None:
    buy(database, MARCH, price=10)
    build(database, MARCH)
    buy(database, APRIL, price=12)
    build(database, APRIL)
    with database.connect("raw_procurement") as connection:
        connection.execute("""update "Invoice" set status = 'REJECTED'""")

    build(database, MARCH)

    assert price_dates(database) == {APRIL: 2}


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


def build(database: DbtDatabase, as_of: date, *flags: str) -> None:
    """Build prices, their history and what is said of it, data tests included."""
    selection = ("--select", "+price_movements", "price_snapshots", "--indirect-selection", "buildable")
    database.run("build", *selection, "--exclude-resource-type", "unit_test", *flags, as_of=as_of)


def history(database: DbtDatabase, item: int | None = None) -> list[dict[str, Any]]:
    """The versions of one item's price, or of all; no version is kept twice or ends before it begins."""
    versions = database.rows(
        'select *, cast(dbt_valid_from as date) as "from", cast(dbt_valid_to as date) as "to"'
        " from fieldlab_snapshots.item_price_history order by item_id, dbt_valid_from"
    )
    assert len({version["dbt_scd_id"] for version in versions}) == len(versions)
    assert all(version["to"] is None or version["from"] < version["to"] for version in versions)
    return [version for version in versions if item in {None, version["item_id"]}]


def movement(database: DbtDatabase) -> dict[int, tuple[Any, ...]]:
    """Per item: its price now, 30 days ago, the change in percent and what that is called."""
    found = database.rows("select * from fieldlab_procurement.price_movements")
    columns = ("mean_price", "mean_price_30_days_ago", "change_30_days_pct", "movement")
    return {row["item_id"]: tuple(row[column] for column in columns) for row in found}


def price_dates(database: DbtDatabase) -> dict[date, int]:
    """How many prices each snapshot date has."""
    found = database.rows(
        "select snapshot_date, count(*) as prices from fieldlab_procurement.price_snapshots group by snapshot_date"
    )
    return {row["snapshot_date"]: row["prices"] for row in found}
