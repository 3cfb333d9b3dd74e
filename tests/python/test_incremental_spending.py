"""Incremental models of spending against a full refresh, after every kind of change the application can make."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import psycopg
import pytest
from dbt_database import DbtDatabase, dbt_database

AS_OF = date(2024, 4, 30)
NEIGHBOUR = 999

LINES = "fieldlab_procurement.invoice_lines"
SPENDING = "fieldlab_procurement.spending_metrics"
ITEM_MONTHS = "fieldlab_staging.int_procurement__item_months_summed"
PAIRED_MONTHS = "fieldlab_staging.int_procurement__paired_months_summed"
INCREMENTAL = (LINES, SPENDING, ITEM_MONTHS, PAIRED_MONTHS)

MODELS = (
    "int_procurement__invoices_counted",
    "int_procurement__branch_days_totalled",
    "int_procurement__branch_months_fingerprinted",
    "int_procurement__months_fingerprinted",
    *(table.split(".")[1] for table in INCREMENTAL),
)

# Which transaction wrote the rows of each group.
WRITTEN = "select {keys}, array_agg(distinct xmin::text order by xmin::text) as written from {table} group by {keys}"


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
    Change("the same line under another id", """update "InvoiceItem" set id = 800000{n} where id = {n}1"""),
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
    Change(
        "a late invoice",
        """
        insert into "Invoice" (id, date, status, "branchId")
        select 7000{n}, date, 'APPROVED', {n} from "Invoice" where id = {n};
        insert into "InvoiceItem" values (91000{n}, 7000{n}, {n}, 2, 3)
        """,
    ),
    Change("another category", """update "Item" set category = 'other' where id = {n}""", ()),
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
    run(shared_database, select=[f"+{model}" for model in MODELS])
    return shared_database


def test_after_any_change_spending_equals_a_full_refresh_and_nothing_else_is_computed(database: DbtDatabase) -> None:
    before = written(database)
    expected = set()
    with database.connect("raw_procurement") as connection:
        for n, change in enumerate(CHANGES, start=1):
            connection.execute(change.sql.format(n=n))
            expected |= {(day_of(n), n if branch == "n" else branch) for branch in change.touches}
            expected |= {(change.elsewhere, n)} if change.elsewhere else set()

    run(database)

    after = written(database)
    touched = {
        table: {group for group in groups.keys() | after[table].keys() if groups.get(group) != after[table].get(group)}
        for table, groups in before.items()
    }
    assert touched[LINES] == touched[SPENDING] == expected
    assert touched[ITEM_MONTHS] == {(month_of(day), branch) for day, branch in expected}
    assert rows(database) == refreshed(database)


def test_a_run_with_nothing_changed_writes_nothing(database: DbtDatabase) -> None:
    before = written(database)

    run(database, as_of=date(2024, 5, 31))

    assert written(database) == before


def test_an_earlier_as_of_date_empties_what_lies_after_it(database: DbtDatabase) -> None:
    before = written(database)
    as_of = date(2024, 3, 9)

    run(database, as_of=as_of)

    for table in (LINES, SPENDING):
        kept = {group: when for group, when in before[table].items() if group[0] <= as_of}
        assert written(database)[table] == kept
    assert rows(database) == refreshed(database, as_of=as_of)


def test_another_time_zone_moves_spending_to_other_days(database: DbtDatabase) -> None:
    before = rows(database)[SPENDING]
    zone = ("--vars", json.dumps({"timezone": "Pacific/Auckland"}))

    run(database, *zone)

    moved = rows(database)
    assert {row["date"] for row in moved[SPENDING]} == {row["date"] + timedelta(1) for row in before}
    assert moved == refreshed(database, *zone)


def test_when_other_statuses_count_spending_equals_a_full_refresh(database: DbtDatabase) -> None:
    before = rows(database)[LINES]
    statuses = ("--vars", json.dumps({"counted_statuses": ["PENDING"]}))

    run(database, *statuses)

    counted = rows(database)
    assert {row["line_id"] for row in counted[LINES]}.isdisjoint(row["line_id"] for row in before)
    assert counted == refreshed(database, *statuses)


def test_what_someone_else_spoilt_or_another_formula_computed_is_made_good(database: DbtDatabase) -> None:
    before = rows(database)
    with database.connect("fieldlab_procurement") as connection:
        for table, column in ((LINES, "amount"), (SPENDING, "total_amount"), (ITEM_MONTHS, "quantity")):
            connection.execute(f"delete from {table} where branch_id = 1")
            connection.execute(f"update {table} set content_fingerprint = 0 where branch_id = 2")
            connection.execute(
                f"update {table} set {column} = -1, content_fingerprint = content_fingerprint + 1 where branch_id > 2"
            )
        connection.execute(f"update {LINES} set content_fingerprint = 0 where line_id = 31 or branch_id is null")
        connection.execute(f"update {PAIRED_MONTHS} set amount = -1, content_fingerprint = content_fingerprint + 1")

    run(database)

    assert rows(database) == before


def test_lines_from_before_they_were_compared_are_computed_anew(database: DbtDatabase) -> None:
    before = rows(database)
    with database.connect("fieldlab_procurement") as connection:
        connection.execute("alter table invoice_lines drop column content_fingerprint")
        connection.execute("update invoice_lines set amount = -1")

    run(database)

    assert rows(database) == before


def test_rows_keep_the_id_of_the_run_that_wrote_them_also_when_it_had_none(database: DbtDatabase) -> None:
    with database.connect("fieldlab_procurement") as connection:
        connection.execute("alter table spending_metrics drop column run_id")
    with database.connect("raw_procurement") as connection:
        connection.execute('update "InvoiceItem" set quantity = 7 where id = 11')

    environment = {"FIELDLAB_AS_OF": AS_OF.isoformat(), "FIELDLAB_RUN_ID": "tonight's run"}
    result = database.dbt.invoke(["run", "--select", *MODELS], environment)
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


def month_of(day: date) -> int:
    """A date's month as the macro `month_number` counts it."""
    return day.year * 12 + day.month - 1


def run(database: DbtDatabase, *flags: str, select: Sequence[str] = MODELS, as_of: date = AS_OF) -> None:
    """Build spending anew, as of a date."""
    database.run("run", "--select", *select, *flags, as_of=as_of)


def refreshed(database: DbtDatabase, *flags: str, as_of: date = AS_OF) -> dict[str, list[dict[str, Any]]]:
    """The rows after a full refresh."""
    run(database, "--full-refresh", *flags, as_of=as_of)
    return rows(database)


def rows(database: DbtDatabase) -> dict[str, list[dict[str, Any]]]:
    """All rows of each incremental table, in some order, without what may differ between runs."""
    return {
        table: sorted(
            (
                {name: value for name, value in row.items() if name not in {"as_of", "computed_at", "run_id"}}
                for row in database.rows(f"select * from {table}")
            ),
            key=repr,
        )
        for table in INCREMENTAL
    }


def written(database: DbtDatabase) -> dict[str, dict[tuple[Any, int | None], Any]]:
    """Which transactions wrote the rows of each date × branch, or month × branch."""
    found = {
        table: database.rows(WRITTEN.format(table=table, keys=", ".join(keys)))
        for table, keys in (
            (LINES, ("date", "branch_id")),
            (SPENDING, ("date", "branch_id")),
            (ITEM_MONTHS, ("month", "branch_id")),
        )
    }
    return {table: {tuple(row.values())[:2]: row["written"] for row in groups} for table, groups in found.items()}
