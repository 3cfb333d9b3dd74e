"""Parquet files, typed or all text, give the same rows as CSV."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runner.load.contract import source_tables, tables_of
from runner.load.loader import load_folder
from runner.load.problems import LoadRefused, Problem
from runner.settings import load_settings

JANUARY_31 = datetime.fromisoformat("2026-01-31")


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, options="-c timezone=UTC") as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which every required table has a CSV file without rows."""
    made = tmp_path / "files"
    made.mkdir()
    for table in source_tables():
        if not table.optional:
            header = ",".join(column.name for column in table.required_columns)
            (made / f"{table.name}.csv").write_text(header + "\n")
    return made


def write(folder: Path, table: str, columns: dict[str, Any]) -> None:
    """Put a parquet file in the place of a table's CSV file."""
    (folder / f"{table}.csv").unlink(missing_ok=True)
    pq.write_table(pa.table(columns), folder / f"{table}.parquet")


def problems(connection: psycopg.Connection, folder: Path) -> list[Problem]:
    with pytest.raises(LoadRefused) as caught:
        load_folder(connection, load_settings(), folder)
    return list(caught.value.problems)


def test_typed_columns_become_the_contracts_types(connection: psycopg.Connection, folder: Path) -> None:
    write(folder, "Branch", {"id": pa.array([1, 2], pa.int64()), "name": pa.array(["N", "S"]).dictionary_encode()})
    write(folder, "Vendor", {"name": pa.array(["A"], pa.large_string()), "id": pa.array([7], pa.uint8())})
    write(
        folder,
        "Item",
        {
            "id": [1],
            "name": [b"Salt"],
            "vendor_id": pa.array(
                [
                    7.0,
                ],
                pa.float64(),
            ),
        },
    )
    chicago = timezone(timedelta(hours=-6))
    write(
        folder,
        "Invoice",
        {
            "id": pa.array([1, 2, 3], pa.int16()),
            "date": pa.array([datetime(2026, 1, 30, 18, tzinfo=chicago)] * 3, pa.timestamp("us", "America/Chicago")),
            "status": ["APPROVED", "DRAFT", "APPROVED"],
            "branchId": pa.array([1, None, 2], pa.int32()),
            "departmentId": pa.nulls(3),
            "costCenterId": pa.array([None, None, None], pa.float64()),
            "deletedAt": pa.array([None, date(2026, 1, 31), None], pa.date32()),
            "updatedAt": pa.array([datetime(2026, 1, 31, 23, 59, 59, 999999)] * 3, pa.timestamp("ns")),  # noqa: DTZ001
        },
    )
    write(
        folder,
        "InvoiceItem",
        {
            "id": [1, 2, 3],
            "invoiceId": [1, 1, 2],
            "itemId": [1, 1, 1],
            "quantity": pa.array([Decimal("1.500"), Decimal("-2.000"), Decimal("0.000")], pa.decimal128(10, 3)),
            "price": [11.81, 1e-7, 3.0],
        },
    )
    load_folder(connection, load_settings(), folder)
    assert connection.execute(
        'select id, date, status, "branchId", "deletedAt", "updatedAt" from raw_procurement."Invoice" order by id'
    ).fetchall() == [
        (1, JANUARY_31, "APPROVED", 1, None, datetime.fromisoformat("2026-01-31 23:59:59.999")),
        (2, JANUARY_31, "DRAFT", None, JANUARY_31, datetime.fromisoformat("2026-01-31 23:59:59.999")),
        (3, JANUARY_31, "APPROVED", 2, None, datetime.fromisoformat("2026-01-31 23:59:59.999")),
    ]
    assert connection.execute('select quantity, price from raw_procurement."InvoiceItem" order by id').fetchall() == [
        (Decimal("1.5"), Decimal("11.81")),
        (Decimal(-2), Decimal("0.0000001")),
        (Decimal(0), Decimal(3)),
    ]
    assert connection.execute('select "vendorId", name from raw_procurement."Item"').fetchall() == [(7, "Salt")]


def test_all_text_columns_are_read_like_csv(connection: psycopg.Connection, folder: Path) -> None:
    write(folder, "Dealer", {"id": ["d1"], "name": [""], "region": [""], "dealerType": ["OTHER"]})
    write(folder, "Collection", {"id": ["c1"], "name": ["Oak"], "vendorId": ["v1"], "priority": ["3"]})
    product = {"id": ["p1"], "sku": ["S"], "name": ['a,"b"\n\t\\N'], "description": [""], "collection_id": ["c1"]}
    write(folder, "Product", product)
    display = {"displayOrderDate": ["2026-01-31T00:00Z"], "sourceMarket": ["Dallas"], "newToDealer": ["t"]}
    write(folder, "DisplayRecord", {"id": ["r1"], "dealerId": ["d1"], "productId": ["p1"], **display})
    load_folder(connection, load_settings(), folder)
    assert connection.execute('select * from raw_alignment."Dealer"').fetchall() == [("d1", "", None, "OTHER")]
    assert connection.execute('select name from raw_alignment."Product"').fetchall() == [('a,"b"\n\t\\N',)]
    assert connection.execute('select * from raw_alignment."DisplayRecord"').fetchall() == [
        ("r1", "d1", "p1", JANUARY_31, "Dallas", True)
    ]


def test_a_boolean_column_and_a_time_in_utc(connection: psycopg.Connection, folder: Path) -> None:
    write(folder, "Dealer", {"id": ["d1"], "name": ["One"], "region": ["x"], "dealerType": ["OTHER"]})
    write(folder, "Collection", {"id": ["c1"], "name": ["Oak"], "vendorId": ["v1"], "priority": [None]})
    write(folder, "Product", {"id": ["p1"], "sku": ["S"], "name": ["n"], "description": ["d"], "collectionId": ["c1"]})
    display = {
        "displayOrderDate": [datetime(2026, 1, 31, tzinfo=UTC)],
        "sourceMarket": ["Dallas"],
        "newToDealer": [True],
    }
    write(folder, "DisplayRecord", {"id": ["r1"], "dealerId": ["d1"], "productId": ["p1"], **display})
    load_folder(connection, load_settings(), folder)
    assert connection.execute('select priority from raw_alignment."Collection"').fetchall() == [(0,)]
    assert connection.execute(
        'select "displayOrderDate", "newToDealer" from raw_alignment."DisplayRecord"'
    ).fetchall() == [(JANUARY_31, True)]


def test_problems_name_the_row(connection: psycopg.Connection, folder: Path) -> None:
    write(folder, "Vendor", {"id": [1, 1, 3], "name": ["a", "b", None]})
    write(folder, "Branch", {"id": [1.0, 2.5], "name": ["N", "S"]})
    write(folder, "Department", {"id": ["1", "2", "3"], "name": ["a", "b\0", "c"]})
    write(folder, "Item", {"id": [1, 2], "name": pa.array([b"ok", b"\xff"]), "vendorId": [float("nan"), 9.0]})
    found = problems(connection, folder)
    assert [str(problem) for problem in found] == [
        'Vendor.parquet row 2, column id: "1" is on row 1 already; should be one row per id',
        "Vendor.parquet row 3, column name: is empty; should be a text",
        (
            'Branch.parquet row 2, column id: "2.5" is not a whole number; '
            "should be digits such as 42, from -2147483648 to 2147483647"
        ),
        (
            'Department.parquet row 2, column name: "b\\x00" holds a NUL character; '
            "should be UTF-8 text without NUL characters"
        ),
        (
            'Item.parquet row 1, column vendorId: "nan" is not a whole number; '
            "should be digits such as 42, from -2147483648 to 2147483647"
        ),
        'Item.parquet row 2, column name: "\\xff" is not UTF-8; should be UTF-8 text without NUL characters',
    ]


def test_a_schema_that_does_not_fit_is_an_error_that_names_the_column(
    connection: psycopg.Connection, folder: Path
) -> None:
    write(folder, "Vendor", {"id": [1], "name": [["a"]], "__index_level_0__": [0]})
    (folder / "Branch.csv").unlink()
    (folder / "Branch.parquet").write_text("id,name\n")
    found = [(problem.file, problem.column, problem.problem) for problem in problems(connection, folder)]
    assert found[0] == ("Vendor.parquet", "__index_level_0__", "is not a column of Vendor")
    assert found[1] == ("Vendor.parquet", "name", "is a type that has no text")
    assert found[2][:2] == ("Branch.parquet", "")
    assert found[2][2].startswith("cannot be read")


def test_a_file_that_breaks_off_is_told_after_the_rows_that_could_be_read(
    connection: psycopg.Connection, folder: Path
) -> None:
    (folder / "Vendor.csv").unlink()
    path = folder / "Vendor.parquet"
    names = [f"{i:040d}" for i in range(50_000)]
    table = pa.table({"id": list(range(50_000)), "name": names})
    pq.write_table(table, path, row_group_size=10_000, use_dictionary=False, compression="snappy")
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 20_000] = b"\xff" * 20_000
    path.write_bytes(raw)
    assert any("cannot be read any further" in problem.problem for problem in problems(connection, folder))


def test_every_required_table_is_covered_by_the_folder(folder: Path) -> None:
    names = {path.stem for path in folder.iterdir()}
    assert names == {t.name for d in ("alignment", "procurement") for t in tables_of(d) if not t.optional}
