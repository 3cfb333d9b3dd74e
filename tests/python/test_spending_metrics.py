"""Incremental spending against a full refresh, after every kind of change the application can make."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import psycopg
import pytest
from dbt_database import DbtDatabase, dbt_database

AS_OF = date(2024, 4, 30)
NEIGHBOUR = 999


@dataclass(frozen=True)
class Change:
    """What the application does to the invoices of one day.

    Each change has a day `n` of its own, with items, vendors, … numbered `n` in the branch `n`; another branch and no
    branch at all buy on that day too.

    Attributes:
        name: What is done.
        sql: The statement, with `{n}` for the day's number.
        touches: The branches whose day is computed anew; `n` stands for the day's own branch.
        elsewhere: Another date whose content changes in that branch.
    """

    name: str
    sql: str
    touches: tuple[str | int | None, ...] = ("n",)
    elsewhere: date | None = None


CHANGES = [
    Change("a new line", """insert into "InvoiceItem" values (90000{n}, {n}, {n}, 1, 1)"""),
    Change("an edited quantity", """update "InvoiceItem" set quantity = 7 where id = {n}1"""),
    Change("an edited price", """update "InvoiceItem" set price = 7 where id = {n}1"""),
    Change("a removed line", """delete from "InvoiceItem" where id = {n}1"""),
    Change("all lines removed", """delete from "InvoiceItem" where "itemId" = {n}"""),
    Change("no longer approved", """update "Invoice" set status = 'REJECTED' where id = {n}"""),
    Change("newly approved", """update "Invoice" set status = 'APPROVED' where id = 3000{n}"""),
    Change("deleted", """update "Invoice" set "deletedAt" = now() where id = {n}"""),
    Change("restored", """update "Invoice" set "deletedAt" = null where id = 4000{n}"""),
    Change("moved to no branch", """update "Invoice" set "branchId" = null where "branchId" = {n}""", ("n", None)),
    Change(
        "moved to a branch", f"""update "Invoice" set "branchId" = {NEIGHBOUR} where id = {{n}}""", ("n", NEIGHBOUR)
    ),
    Change("another date", """update "Invoice" set date = '2024-04-30' where id = {n}""", elsewhere=date(2024, 4, 30)),
    Change("another hour", """update "Invoice" set date = date + interval '3 hours' where id = {n}""", ()),
    Change("another department", """update "Invoice" set "departmentId" = null where id = {n}"""),
    Change("another cost centre", f"""update "Invoice" set "costCenterId" = {NEIGHBOUR} where id = {{n}}"""),
    Change("a vendor on the invoice", f"""update "Invoice" set "vendorId" = {NEIGHBOUR} where id = {{n}}"""),
    Change("another vendor of the item", """update "Item" set "vendorId" = null where id = {n}"""),
    Change("another item", f"""update "InvoiceItem" set "itemId" = {NEIGHBOUR} where id = {{n}}1"""),
    Change("another invoice of the day", """update "InvoiceItem" set "invoiceId" = {n} where "invoiceId" = 2000{n}"""),
    Change("a renamed item", """update "Item" set name = 'renamed' where id = {n}"""),
    Change("a renamed vendor", """update "Vendor" set name = 'renamed' where id = {n}"""),
    Change("a renamed branch", """update "Branch" set name = 'renamed' where id = {n}"""),
    Change("a renamed department", """update "Department" set name = 'renamed' where id = {n}"""),
    Change("a renamed cost centre", """update "CostCenter" set name = 'renamed' where id = {n}"""),
    Change("the same line under another id", """update "InvoiceItem" set id = 800000{n} where id = {n}1""", ()),
    # Lines n1 to n4 are one group, n7 is one by itself.
    Change("a purchase credited", """update "InvoiceItem" set quantity = -quantity where id = {n}1"""),
    Change("a price turned round", """update "InvoiceItem" set price = -price where id = {n}1"""),
    Change("both turned round", """update "InvoiceItem" set quantity = -quantity, price = -price where id = {n}1"""),
    Change("the only line credited", """update "InvoiceItem" set quantity = -quantity where id = {n}7""", (NEIGHBOUR,)),
    Change("the only price turned round", """update "InvoiceItem" set price = -price where id = {n}7""", (NEIGHBOUR,)),
    Change(
        "both of the only line turned round",
        """update "InvoiceItem" set quantity = -quantity, price = -price where id = {n}7""",
        (NEIGHBOUR,),
    ),
    Change("a touched invoice", """update "Invoice" set "updatedAt" = now() where id = {n}""", ()),
]


@pytest.fixture(scope="module")
def shared_database(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DbtDatabase]:
    with dbt_database(server_url, tmp_path_factory.mktemp("spending")) as database:
        yield database


@pytest.fixture
def database(shared_database: DbtDatabase) -> DbtDatabase:
    """A month of invoices, with everything built once."""
    shared_database.reset("procurement")
    with shared_database.connect("raw_procurement") as connection:
        fill(connection)
    shared_database.run("run", "--select", "+spending_metrics", as_of=AS_OF)
    return shared_database


def test_after_any_change_spending_equals_a_full_refresh_and_nothing_else_is_computed(database: DbtDatabase) -> None:
    before = computed(database)
    expected = set()
    with database.connect("raw_procurement") as connection:
        for n, change in enumerate(CHANGES, start=1):
            connection.execute(change.sql.format(n=n))
            expected |= {(day_of(n), n if branch == "n" else branch) for branch in change.touches}
            expected |= {(change.elsewhere, n)} if change.elsewhere else set()

    run(database)

    after = computed(database)
    touched = {group for group in before.keys() | after.keys() if before.get(group) != after.get(group)}
    assert touched == expected
    assert rows(database) == refreshed(database)


def test_a_run_with_nothing_changed_writes_nothing(database: DbtDatabase) -> None:
    before = computed(database)

    run(database, as_of=date(2024, 5, 31))

    assert computed(database) == before


def test_an_earlier_as_of_date_empties_what_lies_after_it(database: DbtDatabase) -> None:
    before = computed(database)
    as_of = date(2024, 3, 9)

    run(database, as_of=as_of)

    assert computed(database) == {group: when for group, when in before.items() if group[0] <= as_of}
    assert rows(database) == refreshed(database, as_of=as_of)


def test_another_time_zone_moves_spending_to_other_days(database: DbtDatabase) -> None:
    before = rows(database)
    zone = ("--vars", json.dumps({"timezone": "Pacific/Auckland"}))

    run(database, *zone)

    assert {row["date"] for row in rows(database)} == {row["date"] + timedelta(1) for row in before}
    assert rows(database) == refreshed(database, *zone)


def test_a_day_that_someone_else_removed_or_spoilt_is_made_good(database: DbtDatabase) -> None:
    before = rows(database)
    with database.connect("fieldlab_procurement") as connection:
        connection.execute("delete from spending_metrics where date = '2024-03-01'")
        connection.execute("update spending_metrics set content_fingerprint = 0 where date = '2024-03-02'")

    run(database)

    assert rows(database) == before


def test_rows_keep_the_id_of_the_run_that_wrote_them_also_when_it_had_none(database: DbtDatabase) -> None:
    with database.connect("fieldlab_procurement") as connection:
        connection.execute("alter table spending_metrics drop column run_id")
    with database.connect("raw_procurement") as connection:
        connection.execute('update "InvoiceItem" set quantity = 7 where id = 11')

    models = ("invoice_lines", "int_procurement__branch_days_totalled", "spending_metrics")
    environment = {"FIELDLAB_AS_OF": AS_OF.isoformat(), "FIELDLAB_RUN_ID": "tonight's run"}
    result = database.dbt.invoke(["run", "--select", *models], environment)
    assert result.success, result.explain()

    found = database.rows(
        "select distinct date = '2024-03-01' and coalesce(branch_id, 0) = 1 as changed, run_id"
        " from fieldlab_procurement.spending_metrics order by 1"
    )
    assert found == [{"changed": False, "run_id": None}, {"changed": True, "run_id": "tonight's run"}]


def fill(connection: psycopg.Connection) -> None:
    """One day per change, each with three branches: its own, a neighbour and none."""
    numbers = [*range(1, len(CHANGES) + 1), NEIGHBOUR]
    for table in ("Vendor", "Branch", "Department", "CostCenter"):
        for n in numbers:
            connection.execute(f'insert into "{table}" (id, name) values (%s, %s)', [n, f"{table} {n}"])
    for n in numbers:
        connection.execute('insert into "Item" (id, name, "vendorId") values (%s, %s, %s)', [n, f"Item {n}", n])
    for n in numbers[:-1]:
        own = {"branchId": n, "departmentId": n, "costCenterId": n}
        invoice(connection, n, n, own, lines=[(f"{n}1", n, 5, "2.50"), (f"{n}2", n, -1, 2), (f"{n}3", n, 2, 0)])
        invoice(connection, f"2000{n}", n, own, lines=[(f"{n}4", n, 3, "0.1")])
        invoice(connection, f"3000{n}", n, own, status="PENDING", lines=[(f"{n}5", n, 1, 1)])
        invoice(connection, f"4000{n}", n, own, deleted="2024-03-01", lines=[(f"{n}6", n, 1, 1)])
        invoice(connection, f"5000{n}", n, {"branchId": NEIGHBOUR}, lines=[(f"{n}7", NEIGHBOUR, 1, 1)])
        invoice(connection, f"6000{n}", n, {}, lines=[(f"{n}8", NEIGHBOUR, 1, 1)])


def invoice(
    connection: psycopg.Connection,
    number: int | str,
    day: int,
    dimensions: dict[str, int],
    *,
    status: str = "APPROVED",
    deleted: str | None = None,
    lines: list[tuple[Any, ...]],
) -> None:
    """An invoice of 20:00 UTC on a day of 2024, counted from 1 March, with its lines (id, item, quantity, price)."""
    connection.execute(
        'insert into "Invoice" (id, date, status, "branchId", "departmentId", "costCenterId", "deletedAt")'
        " values (%s, %s, %s, %s, %s, %s, %s)",
        [
            number,
            datetime.combine(day_of(day), time(20)),
            status,
            *map(dimensions.get, ("branchId", "departmentId", "costCenterId")),
            deleted,
        ],
    )
    for line, item, quantity, price in lines:
        connection.execute(
            'insert into "InvoiceItem" (id, "invoiceId", "itemId", quantity, price) values (%s, %s, %s, %s, %s)',
            [line, number, item, quantity, price],
        )


def day_of(number: int) -> date:
    """The day of a change."""
    return date(2024, 3, 1) + timedelta(number - 1)


def run(database: DbtDatabase, *flags: str, as_of: date = AS_OF) -> None:
    """Build spending anew, as of a date."""
    models = ("invoice_lines", "int_procurement__branch_days_totalled", "spending_metrics")
    database.run("run", "--select", *models, *flags, as_of=as_of)


def refreshed(database: DbtDatabase, *flags: str, as_of: date = AS_OF) -> list[dict[str, Any]]:
    """The rows after a full refresh."""
    database.run("run", "--select", "spending_metrics", "--full-refresh", *flags, as_of=as_of)
    return rows(database)


def rows(database: DbtDatabase) -> list[dict[str, Any]]:
    """All rows without what may differ between runs."""
    found = database.rows("select * from fieldlab_procurement.spending_metrics order by dimension_hash")
    return [{k: v for k, v in row.items() if k not in {"as_of", "computed_at", "run_id"}} for row in found]


def computed(database: DbtDatabase) -> dict[tuple[date, int | None], Any]:
    """When the rows of each date × branch were computed."""
    found = database.rows(
        "select date, branch_id, jsonb_agg(distinct computed_at) as moments"
        " from fieldlab_procurement.spending_metrics group by date, branch_id"
    )
    return {(row["date"], row["branch_id"]): row["moments"] for row in found}
