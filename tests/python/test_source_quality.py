"""What is wrong with the input: counted in source_quality, and kept out of every total."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from dbt_database import DbtDatabase, dbt_database

from runner.load.contract import tables_of

AS_OF = date(2025, 1, 31)
BUILD = ("--exclude-resource-type", "unit_test", "--indirect-selection", "buildable")
NO_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
MART = """
select source_table, column_name, check_id, severity, row_count, kept_out_count
from fieldlab_shared.source_quality
"""


# A clean installation: three vendors, two branches, ten approved invoices with a line each.
CLEAN = """
insert into "Vendor" (id, name) select n, 'Vendor ' || n from generate_series(1, 3) as n;
insert into "Branch" (id, name) values (1, 'North'), (2, 'South');
insert into "Item" (id, name, "vendorId") values (1, 'Flour', 1), (2, 'Salt', null);
insert into "Invoice" (id, date, status, "branchId")
select n, date '2025-01-01' + n, 'APPROVED', 1 from generate_series(1, 10) as n;
insert into "InvoiceItem" (id, "invoiceId", "itemId", quantity, price)
select n, n, 1, n + 1, 2 from generate_series(1, 10) as n;
"""
TWENTY_TWICE = """
insert into "Invoice" (id, date, status)
select n, date '2025-01-20' + n % 2, 'APPROVED' from generate_series(101, {last}) as n;
insert into "InvoiceItem" (id, "invoiceId", "itemId", quantity, price)
select n, n, 2, 2, 2 from generate_series(101, {last}) as n;
"""


@pytest.fixture(scope="module")
def database(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DbtDatabase]:
    with dbt_database(server_url, tmp_path_factory.mktemp("source-quality")) as opened:
        yield opened


@pytest.fixture
def source(database: DbtDatabase) -> Iterator[psycopg.Connection]:
    """The clean installation as an application's own tables: what fieldlab's loader would rule out can be written."""
    database.reset("procurement")
    with database.connect("raw_procurement") as connection:
        for table in tables_of("procurement"):
            connection.execute(f'alter table "{table.name}" rename to former')
            connection.execute(f'create table "{table.name}" as table former with no data')
            connection.execute("drop table former cascade")
        connection.execute(CLEAN)
        connection.commit()
        yield connection


def found(database: DbtDatabase) -> dict[tuple[str, str, str], tuple[str, int, int]]:
    """What source_quality finds after a build of it: severity, rows and rows kept out by table, column and check."""
    database.run("build", "--select", "+source_quality", "stg_procurement__items", *NO_TESTS, as_of=AS_OF)
    return {
        (row["source_table"], row["column_name"], row["check_id"]): (
            row["severity"],
            row["row_count"],
            row["kept_out_count"],
        )
        for row in database.rows(MART)
    }


def test_clean_input_has_no_faults(database: DbtDatabase, source: psycopg.Connection) -> None:
    assert found(database) == {}


Found = dict[tuple[str, str, str], tuple[str, int, int]]

# What is done to the clean installation, and what is found: severity, rows, and rows kept out.
WORLDS: dict[str, tuple[str, Found]] = {
    "single rows": (
        """
        update "InvoiceItem" set price = 'NaN' where id in (1, 2);
        update "InvoiceItem" set quantity = 'Infinity' where id = 2;
        update "InvoiceItem" set quantity = null where id in (3, 4);
        update "InvoiceItem" set price = 1e12 where id = 5;
        insert into "InvoiceItem" select id, "invoiceId", "itemId", 1, price from "InvoiceItem" where id = 6;
        update "InvoiceItem" set quantity = -1, price = -2 where id = 7;
        update "Vendor" set name = null where id = 3;
        update "Invoice" set "branchId" = 9 where id < 3;
        update "Invoice" set status = 'approved' where id = 2;
        update "Invoice" set date = '1989-12-31' where id = 3;
        update "Invoice" set date = 'infinity' where id = 4;
        update "Invoice" set date = '2026-02-02' where id = 5;
        update "Invoice" set date = '2026-02-01' where id = 6;
        """,
        {
            ("InvoiceItem", "price", "not_finite"): ("error", 2, 1),
            ("InvoiceItem", "quantity", "not_finite"): ("error", 1, 1),
            ("InvoiceItem", "quantity", "missing_value"): ("error", 2, 2),
            ("InvoiceItem", "price", "too_large"): ("error", 1, 0),
            ("InvoiceItem", "id", "duplicate_key"): ("error", 1, 1),
            ("InvoiceItem", "price", "negative_times_negative"): ("warning", 1, 0),
            ("Vendor", "name", "missing_value"): ("error", 1, 0),
            ("Invoice", "branchId", "orphan"): ("warning", 2, 0),
            ("Invoice", "status", "status_spelling"): ("warning", 1, 0),
            ("Invoice", "date", "not_finite"): ("error", 1, 1),
            ("Invoice", "date", "date_out_of_range"): ("warning", 2, 0),
        },
    ),
    "other types": (
        """
        alter table "InvoiceItem" alter price type text using case id when 1 then '6,00' else price::text end;
        alter table "InvoiceItem" alter id type bigint;
        update "InvoiceItem" set id = 3000000000 where id = 4;
        alter table "Item" alter "vendorId" type text using 'v' || "vendorId";
        alter table "Invoice" alter date type text using case id when 1 then '2025-02-30' else date::text end;
        """,
        {
            ("InvoiceItem", "price", "does_not_cast"): ("error", 1, 1),
            ("InvoiceItem", "id", "does_not_cast"): ("error", 1, 1),
            ("Item", "vendorId", "does_not_cast"): ("error", 1, 0),
            ("Item", "vendorId", "orphan"): ("warning", 1, 0),
            ("Invoice", "date", "does_not_cast"): ("error", 1, 1),
        },
    ),
    "no status counts": (
        """update "Invoice" set status = 'Approved '""",
        {
            ("Invoice", "status", "no_counted_status"): ("error", 10, 0),
            ("Invoice", "status", "status_spelling"): ("warning", 10, 0),
        },
    ),
    "at the limits": (
        """update "Invoice" set date = '2024-12-31'; update "InvoiceItem" set quantity = 1, price = least(id, 4)""",
        {
            ("Invoice", "date", "stale"): ("warning", 1, 0),
            ("InvoiceItem", "price", "amounts_as_prices"): ("warning", 10, 0),
        },
    ),
    "just below the limits": (
        """update "Invoice" set date = '2025-01-01'; update "InvoiceItem" set quantity = 1, price = least(id, 3)""",
        {},
    ),
    "a day loaded twice": (TWENTY_TWICE.format(last=140), {("Invoice", "date", "repeated_day"): ("warning", 20, 0)}),
    "not quite a day loaded twice": (TWENTY_TWICE.format(last=138), {}),
}


@pytest.mark.parametrize("world", WORLDS)
def test_each_fault_is_counted_and_every_row_accounted_for(
    database: DbtDatabase, source: psycopg.Connection, world: str
) -> None:
    change, expected = WORLDS[world]
    source.execute(change)
    source.commit()

    assert found(database) == expected

    for table, model in (("Invoice", "invoices"), ("InvoiceItem", "invoice_items"), ("Item", "items")):
        (row,) = database.rows(
            f'select (select count(*) from raw_procurement."{table}") as source_rows,'
            f" (select count(*) from fieldlab_staging.stg_procurement__{model}) as staged_rows,"
            " (select coalesce(sum(kept_out_count), 0) from fieldlab_shared.source_quality"
            f" where source_table = '{table}') as kept_out"
        )
        assert row["source_rows"] == row["staged_rows"] + row["kept_out"]


def test_an_error_fails_the_domains_data_test_and_no_total_becomes_nan(
    database: DbtDatabase, source: psycopg.Connection
) -> None:
    source.execute("""update "InvoiceItem" set price = 'NaN' where id = 1""")
    source.commit()

    result = database.dbt.invoke(
        ["build", "--select", "+spending_metrics", "+source_quality", *BUILD], {"FIELDLAB_AS_OF": AS_OF.isoformat()}
    )

    assert [node.name for node in result.failures] == ["procurement_source_has_no_errors"]
    (total,) = database.rows("select sum(total_amount) as amount from fieldlab_procurement.spending_metrics")
    assert total == {"amount": Decimal(sum(range(3, 12))) * 2}


def test_messages_say_what_is_wrong_with_examples_and_what_to_do(
    database: DbtDatabase, source: psycopg.Connection
) -> None:
    source.execute("""update "Invoice" set status = case when id = 1 then 'PAID' else 'Approved' end""")
    source.commit()
    found(database)

    rows: dict[str, Any] = {
        row["check_id"]: row
        for row in database.rows("select check_id, share, examples, message from fieldlab_shared.source_quality")
    }

    assert rows["no_counted_status"]["message"] == (
        "No invoice counts, because none has a status named in the var counted_statuses. Found: Approved (9), PAID (1)."
        " Name what counts in counted_statuses."
    )
    assert rows["status_spelling"]["share"] == Decimal("0.9")
    assert rows["status_spelling"]["examples"] == [{"key": "10", "value": "Approved"}]


def test_the_calendar_names_weeks_months_and_fiscal_years(database: DbtDatabase) -> None:
    variables = '{"dates_from": "2024-12-30", "fiscal_year_start_month": 4}'
    database.run("build", "--select", "dates", *BUILD, "--vars", variables, as_of=AS_OF)

    rows = database.rows(
        "select date_day, week_start, month_end, is_month_end, fiscal_year from fieldlab_shared.dates"
        " where date_day in ('2024-12-31', '2025-04-01') order by date_day"
    )
    assert [tuple(row.values()) for row in rows] == [
        (date(2024, 12, 31), date(2024, 12, 30), date(2024, 12, 31), True, 2025),
        (date(2025, 4, 1), date(2025, 3, 31), date(2025, 4, 30), False, 2026),
    ]
    (span,) = database.rows("select min(date_day), max(date_day), count(*) from fieldlab_shared.dates")
    assert tuple(span.values()) == (date(2024, 12, 30), date(2026, 12, 31), 732)
