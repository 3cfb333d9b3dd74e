"""Files as people have them: what works, and what is told for what it is."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.cli.load import load as load_command
from runner.errors import FieldlabError
from runner.load import checks
from runner.load.contract import source_tables
from runner.load.loader import load_folder
from runner.load.problems import LoadRefused
from runner.load.readers import Dialect
from runner.settings import load_settings

FILES = {
    "Vendor.csv": "id,name\n1,Acme\n2,Café\n",
    "Branch.csv": "id,name\n1,North\n",
    "Department.csv": "id,name\n1,Kitchen\n",
    "CostCenter.csv": "id,name\n1,Food\n",
    "Item.csv": "id,name,vendorId\n1,Salt,1\n2,Sugar,2\n",
    "Invoice.csv": "id,date,status,branchId,departmentId,costCenterId,deletedAt\n1,2026-01-31,APPROVED,1,1,1,\n",
    "InvoiceItem.csv": "id,invoiceId,itemId,quantity,price\n1,1,1,2,3.50\n2,1,2,1,1\n",
}
AS_IS = [(1, "Acme"), (2, "Café")]


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, options="-c timezone=UTC") as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a valid file for each table that must be there."""
    made = tmp_path / "files"
    made.mkdir()
    for name, text in FILES.items():
        (made / name).write_text(text, encoding="utf-8", newline="")
    return made


def rows(connection: psycopg.Connection, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
    found = connection.execute(f'select {columns} from raw_procurement."{table}" order by 1').fetchall()  # type: ignore[arg-type]
    connection.commit()
    return found


def told(connection: psycopg.Connection, folder: Path, dialect: Dialect = Dialect()) -> str:  # noqa: B008
    """What a person reads when the folder is refused, after the first line."""
    with pytest.raises(LoadRefused) as caught:
        load_folder(connection, load_settings(), folder, dialect=dialect)
    return "\n".join(line.strip() for line in str(caught.value).splitlines()[1:])


# --- CSV that works ------------------------------------------------------------------------------------------------

VENDORS = FILES["Vendor.csv"]


@pytest.mark.parametrize(
    ("content", "dialect"),
    [
        pytest.param(VENDORS + ",\n,\n", Dialect(), id="blank rows as Excel leaves them"),
        pytest.param("id,name,,\n1,Acme,,\n2,Café,,\n,,,\n", Dialect(), id="blank columns as Excel leaves them"),
        pytest.param("sep=,\r\n" + VENDORS.replace("\n", "\r\n"), Dialect(), id="Excel's sep= line"),
        pytest.param("sep=;\n" + VENDORS.replace(",", ";"), Dialect(), id="Excel's sep= line with a semicolon"),
        pytest.param(VENDORS.replace(",", ";"), Dialect(), id="semicolons"),
        pytest.param(VENDORS.replace(",", "\t"), Dialect(), id="tabs"),
        pytest.param(VENDORS.replace(",", "|"), Dialect(delimiter="|"), id="bars, asked for"),
        pytest.param(VENDORS.encode("utf-16"), Dialect(), id="UTF-16"),
        pytest.param(VENDORS.encode("utf-8-sig"), Dialect(), id="UTF-8 with a mark"),
        pytest.param(VENDORS.encode("cp1252"), Dialect(encoding="cp1252"), id="cp1252, asked for"),
        pytest.param(VENDORS.replace("id,name", "ID,Name"), Dialect(), id="header in another case"),
        pytest.param(VENDORS.replace("id,name", " Id , NAME "), Dialect(), id="blanks in the header"),
        pytest.param(VENDORS.replace("\n", "\r"), Dialect(), id="line ends of an old Mac"),
        pytest.param("id,name\n1,Acme\r\n2,Café\n", Dialect(), id="line ends that differ"),
        pytest.param(VENDORS + "\x1a", Dialect(), id="DOS's end of file"),
        pytest.param("id,name\n1,Acme\n2,Café\x1a", Dialect(), id="DOS's end of file without a line end"),
        pytest.param("\n\n" + VENDORS, Dialect(), id="blank lines above"),
        pytest.param("id,name\n1.0,Acme\n2.0,Café\n", Dialect(), id="pandas' ids"),
    ],
)
def test_a_file_loads_as_if_it_were_plain_csv(
    connection: psycopg.Connection, folder: Path, content: str | bytes, dialect: Dialect
) -> None:
    for name, text in FILES.items():  # what is asked for holds for every file
        text = text.replace(",", dialect.delimiter or ",")  # noqa: PLW2901
        (folder / name).write_text(text, encoding=dialect.encoding or "utf-8", newline="")
    (folder / "Vendor.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    load_folder(connection, load_settings(), folder, dialect=dialect)
    assert rows(connection, "Vendor") == AS_IS


def test_a_header_is_matched_without_its_blanks(connection: psycopg.Connection, folder: Path) -> None:
    (folder / "Item.csv").write_text("Id,Name,Vendor Id\n1,Salt,1.0\n2,Sugar,\n")
    load_folder(connection, load_settings(), folder)
    assert rows(connection, "Item") == [(1, "Salt", 1), (2, "Sugar", None)]


def test_a_decimal_comma_works_when_asked_for(connection: psycopg.Connection, folder: Path) -> None:
    (folder / "InvoiceItem.csv").write_text("id;invoiceId;itemId;quantity;price\n1;1;1;2,5;3,10\n2;1;2;1;,5\n")
    load_folder(connection, load_settings(), folder, dialect=Dialect(decimal=","))
    assert rows(connection, "InvoiceItem", "id, quantity, price") == [
        (1, Decimal("2.5"), Decimal("3.10")),
        (2, Decimal(1), Decimal("0.5")),
    ]


def test_a_suffix_in_capitals_and_litter_are_no_obstacle(connection: psycopg.Connection, folder: Path) -> None:
    (folder / "Vendor.csv").rename(folder / "Vendor.CSV")
    for name in ("Thumbs.db", "desktop.ini", "~$Vendor.xlsx", "_SUCCESS", ".~lock.Vendor.csv#"):
        (folder / name).write_bytes(b"\0")
    load_folder(connection, load_settings(), folder)
    assert rows(connection, "Vendor") == AS_IS


# --- CSV that is told for what it is -------------------------------------------------------------------------------

WHOLE = "digits such as 42, from -2147483648 to 2147483647"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "Vendor.csv",
            "Vendors 2026\nexported by me\n" + VENDORS,
            ('Vendor.csv line 1: "Vendors 2026" is above the header\n'
            "should be taken out: the header is on line 3"),
        ),
        (
            "Vendor.csv",
            "id,nam\n1,Acme\n2,Best\n",
            ('Vendor.csv line 1, column nam: "nam" is not a column of Vendor\nshould be name\n'
            "Vendor.csv line 1, column name: is missing\nshould be in the header, which has id, nam"),
        ),
        (
            "Vendor.csv",
            VENDORS.encode("cp1252"),
            ('Vendor.csv line 3, column name: "Caf\\xe9" is not UTF-8\n'
            "should be UTF-8; of a file that Excel saved as CSV on Windows say --encoding cp1252"),
        ),
        (
            "Vendor.csv",
            b"PK\x03\x04 and so on",
            "Vendor.csv: is a spreadsheet or an archive inside\nshould be saved as CSV UTF-8",
        ),
        (
            "Vendor.csv",
            "id,name,\n1,Acme,\n2,Best,x\n",
            'Vendor.csv line 3: "x" has no column name\nshould be a name in the header',
        ),
        (
            "Item.csv",
            "id,name,vendorId\n1,Salt,NULL\n2,Sugar,NaN\n",
            (f'Item.csv, column vendorId: 2 × is not a whole number\nshould be {WHOLE}; leave it empty for null\n'
            'line 2 "NULL", line 3 "NaN"'),
        ),
        (
            "Item.csv",
            "id,name,vendorId\n1,Salt,\\N\n2,Sugar,1.5\n",
            (f'Item.csv line 2, column vendorId: "\\N" is not a whole number\n'
            f"should be {WHOLE}; leave it empty for null\n"
            f'Item.csv line 3, column vendorId: "1.5" is not a whole number\nshould be {WHOLE}'),
        ),
        (
            "InvoiceItem.csv",
            "id;invoiceId;itemId;quantity;price\n1;1;1;2;3,50\n2;1;2; 1 ;519.89\n",
            ('InvoiceItem.csv line 2, column price: "3,50" is not a number\n'
            "should be digits such as 12.50, below 1000000000000; for decimal commas give --decimal ,\n"
            'InvoiceItem.csv line 3, column quantity: " 1 " is not a number\n'
            "should be digits such as 12.50, below 1000000000000"),
        ),
        (
            "Item.csv",
            "id,name,vendorId\n1,Sa\nlt,1\n2,Sugar,2\n",
            'Item.csv: 2 × has 2 fields\nshould be 3 fields, as the header has\nline 2 "1,Sa", line 3 "lt,1"',
        ),
        (
            "Item.csv",
            'id,name,vendorId\n1,"Salt,1\n2,Sugar,2\n',
            ("Item.csv line 2: opens a quote that is never closed\n"
            'should be one pair of quotes around a whole field; a quote inside it is written twice ("")'),
        ),
        ("Vendor.xlsx", b"PK\x03\x04", "Vendor.xlsx: is a spreadsheet\nshould be saved as CSV UTF-8: Vendor.csv"),
        ("Vendor.zip", b"PK\x03\x04", "Vendor.zip: is an archive\nshould be unpacked: Vendor.csv"),
        (
            "vendors.csv",
            VENDORS,
            ("vendors.csv: is not the name of a source file\nshould be Vendor with .csv, .csv.gz or .parquet\n"
            "Vendor.csv: is missing\n"
            "should be there: a load replaces all of procurement; to add rows to what is there, use --append"),
        ),
    ],
)  # fmt: skip
def test_a_file_is_told_for_what_it_is(
    connection: psycopg.Connection, folder: Path, name: str, content: str | bytes, expected: str
) -> None:
    if name.lower().startswith("vendor"):
        (folder / "Vendor.csv").unlink()
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    found = told(connection, folder)
    assert found == expected
    assert max(map(len, found.splitlines())) <= 98


def test_a_path_may_hold_what_looks_like_a_pattern(connection: psycopg.Connection, folder: Path) -> None:
    named = folder.rename(folder.with_name("it's [2026] *"))
    write_parquet = "select * from (values (1, 'Acme'), (2, 'Café')) as t (id, name)"
    (named / "Vendor.csv").unlink()
    write(folder.with_name("v.parquet"), write_parquet)
    folder.with_name("v.parquet").rename(named / "Vendor.parquet")
    load_folder(connection, load_settings(), named)
    assert rows(connection, "Vendor") == AS_IS
    assert len(rows(connection, "InvoiceItem")) == 2


def test_a_decimal_comma_is_one_of_csv_files_only(connection: psycopg.Connection, folder: Path) -> None:
    (folder / "InvoiceItem.csv").unlink()
    write(folder / "InvoiceItem.parquet", "select 1 as id, 1 as invoiceId, 1 as itemId, 2.5 as quantity, 1.25 as price")
    load_folder(connection, load_settings(), folder, dialect=Dialect(decimal=","))
    assert rows(connection, "InvoiceItem", "quantity, price") == [(Decimal("2.5"), Decimal("1.25"))]


def test_the_wrong_encoding_is_told(connection: psycopg.Connection, folder: Path) -> None:
    assert "Vendor.csv: is not ascii text\nshould be in the encoding that --encoding names" in told(
        connection, folder, Dialect(encoding="ascii")
    )


def test_a_load_that_is_stopped_while_duckdb_works_changes_nothing(
    connection: psycopg.Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise RuntimeError("Query interrupted")  # what DuckDB makes of Ctrl-C

    monkeypatch.setattr(checks, "examine", stopped)
    with pytest.raises(KeyboardInterrupt):
        load_folder(connection, load_settings(), folder)
    assert connection.execute("select to_regnamespace('raw_procurement')").fetchone() == (None,)


# --- Rows that would be lost ---------------------------------------------------------------------------------------


def test_files_that_would_empty_or_halve_a_table_want_a_yes(
    connection: psycopg.Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_folder(connection, load_settings(), folder)
    for name, text in FILES.items():
        (folder / name).write_text(text.splitlines()[0] + "\n")
    with pytest.raises(FieldlabError) as caught:
        load_folder(connection, load_settings(), folder)
    assert str(caught.value).splitlines()[:2] == [
        "The files hold far fewer rows than are there; nothing was changed.",
        "  raw_procurement.Vendor: 0 rows in place of 2",
    ]
    assert caught.value.hint == "If that is meant, load them with --yes."
    assert rows(connection, "Vendor") == AS_IS
    result = CliRunner().invoke(load_command, [str(folder)])
    assert isinstance(result.exception, FieldlabError)
    result = CliRunner().invoke(load_command, [str(folder), "--yes", "--json"])
    assert json.loads(result.stdout)["loaded"] is True
    assert rows(connection, "Vendor") == []


def test_half_of_the_rows_may_go_without_asking(connection: psycopg.Connection, folder: Path) -> None:
    load_folder(connection, load_settings(), folder)
    (folder / "InvoiceItem.csv").write_text("id,invoiceId,itemId,quantity,price\n1,1,1,2,3.50\n")
    load_folder(connection, load_settings(), folder)
    assert len(rows(connection, "InvoiceItem")) == 1


# --- Parquet -------------------------------------------------------------------------------------------------------


def write(path: Path, select: str) -> None:
    """Write a query's rows as parquet."""
    with duckdb.connect() as connection:
        connection.execute(f"copy ({select}) to '{path}' (format parquet)")


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        (
            "select * from (values (1, 'Salt', 1.0::double), (2, 'Sugar', 'nan'::double)) as t (id, name, vendorId)",
            [(1, "Salt", 1), (2, "Sugar", None)],
        ),
        (
            "select * from (values (1.00::decimal(10, 2), 'Salt'::blob, 2::utinyint)) as t (id, name, vendor_id)",
            [(1, "Salt", 2)],
        ),
        ("select '1' as id, '' as name, '' as vendorId", [(1, "", None)]),
        (
            "select 1::decimal(38, 0) as id, 'a,\"b\"' || chr(10) || '\\N' as name, null as vendorId",
            [(1, 'a,"b"\n\\N', None)],
        ),
    ],
)  # fmt: skip
def test_parquet_columns_of_any_plain_type_become_the_contracts(
    connection: psycopg.Connection, folder: Path, select: str, expected: list[tuple[Any, ...]]
) -> None:
    (folder / "Item.csv").unlink()
    (folder / "InvoiceItem.csv").write_text("id,invoiceId,itemId,quantity,price\n1,1,1,2,3.50\n")
    write(folder / "Item.parquet", select)
    load_folder(connection, load_settings(), folder)
    assert rows(connection, "Item") == expected


def test_parquet_times_become_utc_cut_to_milliseconds(connection: psycopg.Connection, folder: Path) -> None:
    (folder / "Invoice.csv").unlink()
    write(
        folder / "Invoice.parquet",
        "select 1 as id, timestamptz '2026-01-30 18:00:00-06' as date, 'APPROVED' as status, 1 as branchId,"
        " 'nan'::double as departmentId, null::integer as costCenterId, 'nan'::double as deletedAt,"
        " timestamp_ns '2026-01-31 23:59:59.999999999' as updatedAt",
    )
    load_folder(connection, load_settings(), folder)
    assert rows(connection, "Invoice", 'date, "departmentId", "deletedAt", "updatedAt"') == [
        (datetime.fromisoformat("2026-01-31"), None, None, datetime.fromisoformat("2026-01-31 23:59:59.999"))
    ]


def test_parquet_numbers_are_exact(connection: psycopg.Connection, folder: Path) -> None:
    (folder / "InvoiceItem.csv").unlink()
    write(
        folder / "InvoiceItem.parquet",
        "select row_number() over ()::integer as id, 1 as invoiceId, 1 as itemId, *"
        " from (values (1.500::decimal(10, 3), 11.81::double), (-2, 1e-7), (0, 0.1)) as t (quantity, price)",
    )
    load_folder(connection, load_settings(), folder)
    assert rows(connection, "InvoiceItem", "id, quantity, price") == [
        (1, Decimal("1.5"), Decimal("11.81")),
        (2, Decimal(-2), Decimal("0.0000001")),
        (3, Decimal(0), Decimal("0.1")),
    ]


def test_a_uuid_is_its_text_where_the_id_is_a_text(connection: psycopg.Connection, tmp_path: Path) -> None:
    made = tmp_path / "alignment"
    made.mkdir()
    for table in source_tables():
        if table.domain == "alignment" and not table.optional:
            (made / f"{table.name}.csv").write_text(",".join(column.name for column in table.required_columns) + "\n")
    (made / "Dealer.csv").unlink()
    one = "12345678-1234-5678-1234-567812345678"
    write(made / "Dealer.parquet", f"select uuid '{one}' as id, 'One' as name, null as region, 'OTHER' as dealerType")
    load_folder(connection, load_settings(), made)
    assert connection.execute('select id from raw_alignment."Dealer"').fetchall() == [(one,)]


@pytest.mark.parametrize("name", ["Vendor.parquet", "Vendor"])
def test_a_folder_of_parquet_parts_is_read_as_one_file(connection: psycopg.Connection, folder: Path, name: str) -> None:
    (folder / "Vendor.csv").unlink()
    parts = folder / name
    parts.mkdir()
    (parts / "_SUCCESS").touch()
    write(parts / "part-00000.snappy.parquet", "select 1 as id, 'Acme' as name")
    write(parts / "part-00001", "select 2 as id, 'Café' as name")
    load_folder(connection, load_settings(), folder)
    assert rows(connection, "Vendor") == AS_IS


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        (
            "select 1 as id, 'Acme' as name, 0 as __index_level_0__",
            ('Vendor.parquet, column __index_level_0__: "__index_level_0__" is not a column of Vendor\n'
            "should be left out: it is pandas' index (write with index=False)"),
        ),
        (
            "select 1 as id, ['Acme'] as name",
            'Vendor.parquet, column name: "VARCHAR[]" is a type that has no text\nshould be a plain type',
        ),
        (
            "select * from (values (1, 'Acme'), (1, 'Best'), (2, null)) as t (id, name)",
            'Vendor.parquet row 2, column id: "1" is on row 1 already\nshould be one row per id',
        ),
        (
            "select 2.5 as id, 'Acme' as name",
            f'Vendor.parquet row 1, column id: "2.5" is not a whole number\nshould be {WHOLE}',
        ),
        (
            "select uuid '12345678-1234-5678-1234-567812345678' as id, 'Acme' as name",
            'Vendor.parquet row 1, column id: "12345678-1234-5678-1234-567812345678" is not a whole number\n',
        ),
        (
            "select 1 as id, '\\xFF'::blob as name",
            'Vendor.parquet row 1, column name: "\\x00\\xFF" is not text\nshould be UTF-8 text without NUL characters',
        ),
    ],
)  # fmt: skip
def test_a_parquet_file_is_told_for_what_it_is(
    connection: psycopg.Connection, folder: Path, select: str, expected: str
) -> None:
    (folder / "Vendor.csv").unlink()
    write(folder / "Vendor.parquet", select)
    assert told(connection, folder).startswith(expected)


def test_a_parquet_file_that_is_none_or_breaks_off_is_told(connection: psycopg.Connection, folder: Path) -> None:
    (folder / "Vendor.csv").unlink()
    path = folder / "Vendor.parquet"
    path.write_text(VENDORS)
    assert told(connection, folder).startswith("Vendor.parquet: cannot be read (")
    write(path, "select range::integer as id, lpad(range::varchar, 40, '0') as name from range(50000)")
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 20_000] = b"\xff" * 20_000
    path.write_bytes(raw)
    assert "the file cannot be read any further" in told(connection, folder)


def test_a_folder_without_parquet_parts_is_named(connection: psycopg.Connection, folder: Path) -> None:
    (folder / "Vendor.csv").unlink()
    (folder / "Vendor.csv").mkdir()
    assert told(connection, folder).startswith(
        "Vendor.csv: is a folder without .parquet parts\nshould be one file, Vendor.csv"
    )


# --- Any text ------------------------------------------------------------------------------------------------------

# Rich in what CSV makes special; NUL is refused.
texts = st.text(
    st.one_of(st.sampled_from('",;\r\n \\.ä'), st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    max_size=20,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(texts, max_size=6),
    style=st.sampled_from([("\r\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_ALL), ("\n", csv.QUOTE_ALL)]),
    written=st.tuples(st.sampled_from(",;\t"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])),
)
def test_what_pythons_csv_module_writes_is_read_back(
    connection: psycopg.Connection, folder: Path, names: list[str], style: tuple[str, int], written: tuple[str, str]
) -> None:
    delimiter, encoding = written
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=style[0], quoting=style[1])  # type: ignore[arg-type]
    writer.writerows([("id", "name"), *((number, name) for number, name in enumerate(names, 1))])
    (folder / "Vendor.csv").write_bytes(out.getvalue().encode(encoding))
    for name in ("Item.csv", "Invoice.csv", "InvoiceItem.csv"):
        (folder / name).write_text(FILES[name].splitlines()[0] + "\n")
    load_folder(connection, load_settings(), folder, may_shrink=lambda _: True)
    assert rows(connection, "Vendor") == list(enumerate(names, 1))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(texts, min_size=1, max_size=6))
def test_the_line_of_a_problem_is_where_its_record_begins(
    connection: psycopg.Connection, folder: Path, names: list[str]
) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("id", "name"))
    begins = []
    for name in names:
        text = out.getvalue()
        begins.append(text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1)
        writer.writerow(("x", name))
    (folder / "Vendor.csv").write_bytes(out.getvalue().encode())
    with pytest.raises(LoadRefused) as caught:
        load_folder(connection, load_settings(), folder)
    assert [problem.line for problem in caught.value.problems if problem.column == "id"] == begins[:3]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(connection: psycopg.Connection, folder: Path, data: bytes) -> None:
    (folder / "Vendor.csv").write_bytes(b"id,name\n" + data + b"\nx,y")
    with pytest.raises(LoadRefused):
        load_folder(connection, load_settings(), folder)
