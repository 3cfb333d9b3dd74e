"""From a folder to source tables: what is accepted, what is refused, and that a refusal changes nothing."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.cli.load import load as load_command
from runner.database.sources import create_source_tables
from runner.errors import FieldlabError
from runner.load.contract import source_tables
from runner.load.loader import load_folder
from runner.load.problems import LoadRefused
from runner.load.tables import LoadedTable
from runner.settings import load_settings

ALIGNMENT = {
    "Dealer.csv": "id,name,region,dealerType\nd1,One,,SHOWROOM\nd2,Two,South,OTHER\n",
    "Collection.csv": "id,name,vendorId,priority\nc1,Oak,v1,3\n",
    "Product.csv": "id,sku,name,description,collectionId\np1,S1,Chair,,c1\np2,S2,Table,Round,c1\n",
    "Selection.csv": "id,dealerId,productId,status,source,createdAt\ns1,d1,p1,SELECTED,eCat,2026-01-31\n",
    "DisplayRecord.csv": "id,dealerId,productId,displayOrderDate,sourceMarket,newToDealer\n"
    "r1,d1,p1,2026-01-31,Dallas,t\n",
}
PROCUREMENT = {
    "Vendor.csv": "id,name\n1,Acme\n2,Best\n",
    "Branch.csv": "id,name\n1,North\n2,South\n",
    "Department.csv": "id,name\n1,Kitchen\n",
    "CostCenter.csv": "id,name\n",
    "Item.csv": "id,name,vendorId\n1,Salt,1\n2,Sugar,\n",
    "Invoice.csv": "id,date,status,branchId,departmentId,costCenterId,deletedAt\n1,2026-01-31,APPROVED,1,,,\n",
    "InvoiceItem.csv": "id,invoiceId,itemId,quantity,price\n1,1,1,2,3.50\n2,1,2,1,1\n",
}

JANUARY_31 = datetime.fromisoformat("2026-01-31")

Load = Callable[..., list[LoadedTable]]


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, options="-c timezone=UTC") as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "files"
    made.mkdir()
    return made


@pytest.fixture
def load(connection: psycopg.Connection, folder: Path) -> Load:
    """Write these files, and only these, into the folder and load it."""

    def write_and_load(files: Mapping[str, str | bytes], **options: Any) -> list[LoadedTable]:
        for path in folder.iterdir():
            path.unlink()
        for name, content in files.items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_folder(connection, load_settings(), folder, **{"may_shrink": lambda _: True} | options)

    return write_and_load


def rows(connection: psycopg.Connection, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
    """A source table's rows by id."""
    schema = f"raw_{next(t.domain for t in source_tables() if t.name == table)}"
    found = connection.execute(f'select {columns} from {schema}."{table}" order by id').fetchall()  # type: ignore[arg-type]
    connection.commit()
    return found


def refusal(load: Load, files: Mapping[str, str | bytes], **options: Any) -> list[tuple[Any, ...]]:
    """The problems of a folder that is refused, as (file, line, column, value, problem)."""
    with TemporaryDirectory() as name:
        errors_file = Path(name, "problems.csv")
        with pytest.raises(LoadRefused) as caught:
            load(files, **{"errors_file": errors_file} | options)
        with options.get("errors_file", errors_file).open(newline="", encoding="utf-8") as written:
            found = list(csv.DictReader(written))
    assert caught.value.count == len(found) > 0
    return [(p["file"], int(p["line"]) if p["line"] else None, p["column"], p["value"], p["problem"]) for p in found]


# What is accepted


def test_both_domains_arrive_as_they_stand_in_the_files(load: Load, connection: psycopg.Connection) -> None:
    loaded = load(ALIGNMENT | PROCUREMENT)
    assert {(table.table, table.rows) for table in loaded} >= {("Dealer", 2), ("CostCenter", 0), ("InvoiceItem", 2)}
    assert rows(connection, "Dealer") == [("d1", "One", None, "SHOWROOM"), ("d2", "Two", "South", "OTHER")]
    assert rows(connection, "Product") == [
        ("p1", "S1", "Chair", "", "c1"),
        ("p2", "S2", "Table", "Round", "c1"),
    ]
    assert rows(connection, "DisplayRecord") == [("r1", "d1", "p1", JANUARY_31, "Dallas", True)]
    assert rows(connection, "Invoice") == [(1, JANUARY_31, "APPROVED", 1, None, None, None)]
    assert rows(connection, "InvoiceItem") == [
        (1, 1, 1, Decimal(2), Decimal("3.50")),
        (2, 1, 2, Decimal(1), Decimal(1)),
    ]


def test_headers_come_in_any_order_and_either_case(load: Load, connection: psycopg.Connection) -> None:
    files = {
        "Dealer.csv": "\ufeffdealer_type,id,name,region\r\nOTHER,d1,One,\r\n",
        "Selection.csv": '"createdAt",product_id,dealerId,id,source,status\n2026-01-31,p1,d1,s1,eCat,PASSED\n',
    }
    load(ALIGNMENT | files | {"DisplayRecord.csv": ALIGNMENT["DisplayRecord.csv"]})
    assert rows(connection, "Dealer") == [("d1", "One", None, "OTHER")]
    assert rows(connection, "Selection", "id, status") == [("s1", "PASSED")]


def test_null_and_na_are_texts(load: Load, connection: psycopg.Connection) -> None:
    load(ALIGNMENT | {"Dealer.csv": 'id,name,region,dealerType\nd1,NULL,NA,OTHER\nNULL,"",\\N,OTHER\n'})
    assert rows(connection, "Dealer") == [("NULL", "", "\\N", "OTHER"), ("d1", "NULL", "NA", "OTHER")]


def test_a_column_with_a_default_may_be_left_out_or_empty(load: Load, connection: psycopg.Connection) -> None:
    load(ALIGNMENT | {"Collection.csv": "id,name,vendorId\nc1,Oak,v1\n"})
    assert rows(connection, "Collection", "priority") == [(0,)]
    load(ALIGNMENT | {"Collection.csv": "id,name,vendorId,priority\nc1,Oak,v1,\n"})
    assert rows(connection, "Collection", "priority") == [(0,)]


def test_timestamps_are_iso_and_become_utc_cut_to_milliseconds(load: Load, connection: psycopg.Connection) -> None:
    forms = {
        "2026-01-31": "2026-01-31 00:00:00",
        "2024-02-29T23:59": "2024-02-29 23:59:00",
        "2000-02-29 01:02:03": "2000-02-29 01:02:03",
        "2026-01-31T08:30:00Z": "2026-01-31 08:30:00",
        "2026-01-31T00:30:00+02:00": "2026-01-30 22:30:00",
        "2026-01-31 20:30:00-0530": "2026-02-01 02:00:00",
        "2026-01-31 20:30-05": "2026-02-01 01:30:00",
        "2026-01-31T08:30:00.5Z": "2026-01-31 08:30:00.5",
        "2026-01-31T08:30:00,25": "2026-01-31 08:30:00.25",
        "2026-01-31T23:59:59.9996": "2026-01-31 23:59:59.999",
        "2026-01-31T23:59:59.999999999Z": "2026-01-31 23:59:59.999",
        "0001-01-01": "0001-01-01 00:00:00",
    }
    lines = "".join(f'{i},"{text}",APPROVED,1,,,\n' for i, text in enumerate(forms, 1))
    load(PROCUREMENT | {"Invoice.csv": PROCUREMENT["Invoice.csv"].splitlines()[0] + "\n" + lines})
    assert rows(connection, "Invoice", "date") == [(datetime.fromisoformat(value),) for value in forms.values()]


def test_the_sessions_own_time_zone_and_date_style_change_nothing(load: Load, connection: psycopg.Connection) -> None:
    connection.execute("set time zone 'America/Chicago'; set datestyle = 'SQL, DMY'")
    connection.commit()
    header = "id,date,status,branchId,departmentId,costCenterId,deletedAt"
    updated = {"Invoice.csv": f"{header},updatedAt\n1,2026-02-01T08:30,APPROVED,1,,,,2026-03-04 05:06:07.089\n"}
    load(PROCUREMENT | updated)
    load({"Invoice.csv": f"{header}\n1,2026-02-01T08:31Z,APPROVED,1,,,\n"}, append=True)
    assert rows(connection, "Invoice", 'date, "updatedAt"') == [
        (datetime.fromisoformat("2026-02-01 08:31"), datetime.fromisoformat("2026-03-04 05:06:07.089"))
    ]


def test_numbers_and_booleans_in_every_accepted_form(load: Load, connection: psycopg.Connection) -> None:
    prices = [
        "1",
        "-1.50",
        "+.5",
        "7.",
        "1e3",
        "2.5E-2",
        "0.1000000000000000055511151231257827",
        "999999999999.99",
        "00012",
    ]
    lines = "".join(f"{i},1,1,1,{price}\n" for i, price in enumerate(prices))
    load(PROCUREMENT | {"InvoiceItem.csv": "id,invoiceId,itemId,quantity,price\n" + lines})
    assert [price for (price,) in rows(connection, "InvoiceItem", "price")] == [Decimal(price) for price in prices]
    forms = ["true", "false", "t", "f", "1", "0", "True", "FALSE"]
    lines = "".join(f"r{i},d1,p1,2026-01-31,{i},{form}\n" for i, form in enumerate(forms))
    load(ALIGNMENT | {"DisplayRecord.csv": ALIGNMENT["DisplayRecord.csv"].splitlines()[0] + "\n" + lines})
    assert [value for (value,) in rows(connection, "DisplayRecord", '"newToDealer"')] == [True, False] * 4


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
dealers = st.dictionaries(texts, st.tuples(texts, texts, st.sampled_from(["SHOWROOM", "OTHER"])), max_size=5)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dealers=dealers, packed=st.booleans())
def test_what_pythons_csv_module_writes_comes_back_from_the_table(
    load: Load, connection: psycopg.Connection, dealers: dict[str, tuple[str, str, str]], packed: bool
) -> None:
    given = [(id_, *rest) for id_, rest in dealers.items()]
    out = io.StringIO()
    csv.writer(out).writerows([("id", "name", "region", "dealerType"), *given])
    data = out.getvalue().encode()
    header_only = {name: text.splitlines()[0] for name, text in ALIGNMENT.items() if name != "Dealer.csv"}
    load(header_only | ({"Dealer.csv.gz": gzip.compress(data)} if packed else {"Dealer.csv": data}))
    assert sorted(rows(connection, "Dealer")) == sorted(
        (i, name, region or None, kind) for i, name, region, kind in given
    )


# Which files


def test_hidden_files_readme_and_folders_are_passed_over(load: Load, folder: Path) -> None:
    (folder / ".DS_Store").write_text("x")
    for name in (
        ".DS_Store",
        "README",
        "README.md",
        "notes.md",
        "readme.txt",
        "Thumbs.db",
        "desktop.ini",
        "~$Dealer.xlsx",
    ):
        assert load(ALIGNMENT | {name: "x"})


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("Dealers.csv", "Dealer with .csv, .csv.gz or .parquet"),
        ("invoice_item.csv", "InvoiceItem with"),
        ("Dealer.txt", "Dealer with"),
        ("Nothing.parquet", "Dealer or Collection or"),
    ],
)
def test_an_unknown_file_name_is_an_error_that_names_it(load: Load, name: str, suggestion: str) -> None:
    with pytest.raises(LoadRefused) as caught:
        load(ALIGNMENT | {name: ALIGNMENT["Dealer.csv"]})
    (problem,) = caught.value.problems
    assert (problem.file, problem.problem) == (name, "is not the name of a source file")
    assert problem.expected.startswith(suggestion)


def test_a_folder_with_the_name_of_a_source_file_is_an_error(
    load: Load, connection: psycopg.Connection, folder: Path
) -> None:
    load(ALIGNMENT)
    (folder / "DealerSale.parquet").mkdir()
    with pytest.raises(LoadRefused, match=r"DealerSale\.parquet: is a folder without \.parquet parts"):
        load_folder(connection, load_settings(), folder)


def test_one_table_in_two_files_is_an_error(load: Load) -> None:
    found = refusal(load, ALIGNMENT | {"Dealer.csv.gz": gzip.compress(b"")})
    assert ("Dealer.csv.gz", None, "", "", "holds the same table as Dealer.csv") in found


def test_a_replacement_needs_every_table_of_the_domain(load: Load) -> None:
    files = {name: text for name, text in ALIGNMENT.items() if name != "Product.csv"}
    assert refusal(load, files) == [("Product.csv", None, "", "", "is missing")]


def test_a_folder_without_source_files_is_an_error(load: Load) -> None:
    with pytest.raises(FieldlabError, match="no source files"):
        load({"README.md": "x"})


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("id,name,region,dealerType,colour", [("colour", "is not a column of Dealer")]),
        ("id,name,region,dealerType,Name", [("Name", "is there twice")]),
        ("id,name,region", [("dealerType", "is missing")]),
        ("id,name,region,dealerType,dealer_type", [("dealer_type", "is there twice")]),
        ("id:name:region:dealerType", [("id:name:region:dealerType", "is not a column of Dealer")]),
        ("", [("", "the file is empty")]),
    ],
)
def test_a_wrong_header_is_an_error_that_names_the_column(
    load: Load, header: str, expected: list[tuple[str, str]]
) -> None:
    found = refusal(load, ALIGNMENT | {"Dealer.csv": header})
    assert [(column, problem) for _, _, column, _, problem in found][: len(expected)] == expected
    assert {(file, line) for file, line, *_ in found} == {("Dealer.csv", 1)}


# What is wrong inside


@pytest.mark.parametrize(
    ("place", "values", "problem"),
    [
        (
            "Invoice.date",
            (
                "today infinity 01/02/2020 2026-01-31T24:00 2026-02-30 2023-02-29 1900-02-29 0000-01-01 20260131"
                " 2026-1-31 2026-13-01 2026-01-31T08 2026-01-31Z 2026-01-31T08:30+15:00 2026-01-31T08:30:60"
                " 1767225600000 2026-W05-6 2026-01-31~ 2026-01-31T08:30:00~UTC 0001-01-01~BC"
            ),
            "is not an ISO 8601 date or time",
        ),
        (
            "InvoiceItem.price",
            "NaN Infinity -inf 0x1F 1_000 1,5 $3 ~3 3~ . 1e 1e9999 --1 ٣ 1000000000000 NULL " + "1" * 500,
            "is not a number",
        ),
        (
            "InvoiceItem.itemId",
            "1.5 x 0x1 1e0 2147483648 -2147483649 999999999999999999999999999999 ~1 1_0 ٣",
            "is not a whole number",
        ),
        ("DisplayRecord.newToDealer", "yes no on 2 tr y ~t", "is not a boolean"),
        ("Selection.status", "passed SELECTED~ X", "is not a known value"),
        ("Dealer.dealerType", "showroom NULL", "is not a known value"),
        ("Vendor.id", "1.5", "is not a whole number"),
        ("Vendor.id", "", "is empty"),
        ("InvoiceItem.quantity", "", "is empty"),
        ("Selection.createdAt", "", "is empty"),
        ("Selection.status", "", "is empty"),
        ("DisplayRecord.newToDealer", "", "is empty"),
        ("Product.id", "x" * 801, "is too long for a key"),
    ],
)
def test_values_that_are_no_value_of_their_column(
    load: Load, tmp_path: Path, place: str, values: str, problem: str
) -> None:
    table, column = place.split(".")
    file = f"{table}.csv"
    files = ALIGNMENT if file in ALIGNMENT else PROCUREMENT
    header, good = (line.split(",") for line in files[file].splitlines()[:2])
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    given = [value.replace("~", " ") for value in values.split(" ")]
    for value in given:
        writer.writerow([value if name == column else cell for name, cell in zip(header, good, strict=True)])
    errors_file = tmp_path / "problems.csv"
    refusal(load, files | {file: out.getvalue()}, errors_file=errors_file)
    with errors_file.open(newline="", encoding="utf-8") as written:
        found = [row for row in csv.DictReader(written) if (row["file"], row["column"]) == (file, column)]
    assert [(row["line"], row["value"]) for row in found if row["problem"] == problem] == [
        (str(line), value) for line, value in enumerate(given, 2)
    ]


def test_the_line_is_the_physical_one_after_quoted_newlines(load: Load) -> None:
    text = 'id,sku,name,description,collectionId\np1,S1,"Two\nlines","And\r\n\r\nthree",c1\np2,S2,,,nowhere\n'
    found = refusal(load, ALIGNMENT | {"Product.csv": text})
    assert found[0] == ("Product.csv", 6, "collectionId", "nowhere", "is not the id of any Collection")


def test_malformed_rows_are_told_and_do_not_accuse_the_rows_that_reference_them(load: Load) -> None:
    text = 'id,name,region,dealerType\nd1,One,South\nd2,Two,,OTHER,x\nd\0,,,OTHER\nd4,"Fo"ur,,OTHER\n'
    assert refusal(load, ALIGNMENT | {"Dealer.csv": text}) == [
        ("Dealer.csv", 2, "", "d1,One,South", "has 3 fields"),
        ("Dealer.csv", 3, "", "d2,Two,,OTHER,x", "has 5 fields"),
        ("Dealer.csv", 4, "id", "d\\x00", "is not text"),
        ("Dealer.csv", 5, "", "", "has a quote in the wrong place"),
    ]


def test_an_invalid_value_does_not_accuse_the_rows_that_reference_its_row(load: Load) -> None:
    text = "id,name,region,dealerType\nd1,One,,WRONG\n"
    assert [row[:3] for row in refusal(load, ALIGNMENT | {"Dealer.csv": text})] == [("Dealer.csv", 2, "dealerType")]


def test_duplicates_name_the_line_that_was_first(load: Load) -> None:
    files = {
        "Vendor.csv": "id,name\n1,Acme\n2,Best\n01,Acme again\n1,And again\n",
        "Selection.csv": ALIGNMENT["Selection.csv"] + "s2,d1,p1,PASSED,eCat,2026-01-31\n",
        "Product.csv": ALIGNMENT["Product.csv"] + "p3,S1,Sofa,,c1\n",
        "DisplayRecord.csv": ALIGNMENT["DisplayRecord.csv"]
        + "r2,d1,p1,2026-01-31,Paris,t\nr3,d1,p1,2026-02-28,Dallas,f\n",
    }
    assert refusal(load, ALIGNMENT | PROCUREMENT | files) == [
        ("Product.csv", 4, "sku", "S1", "is on line 2 already"),
        ("Selection.csv", 3, "dealerId, productId", "d1, p1", "is on line 2 already"),
        ("DisplayRecord.csv", 4, "dealerId, productId, sourceMarket", "d1, p1, Dallas", "is on line 2 already"),
        ("Vendor.csv", 4, "id", "1", "is on line 2 already"),
        ("Vendor.csv", 5, "id", "1", "is on line 2 already"),
    ]


def test_references_are_compared_as_values_and_null_references_nothing(
    load: Load, connection: psycopg.Connection
) -> None:
    item = "id,name,vendorId\n1,Salt,+01\n2,Sugar,\n3,Pepper,9\n"
    assert refusal(load, PROCUREMENT | {"Item.csv": item}) == [
        ("Item.csv", 4, "vendorId", "9", "is not the id of any Vendor")
    ]


def test_problems_are_shown_by_column_and_kind_all_are_counted_and_written(
    load: Load, connection: psycopg.Connection, tmp_path: Path
) -> None:
    load(PROCUREMENT)
    header = PROCUREMENT["Invoice.csv"].splitlines()[0]
    bad = f"{header}\n" + "".join(f"{i},{1 + i % 28}/01/2026,APPROVED,{'x' * (i > 2998)},,,\n" for i in range(3000))
    errors_file = tmp_path / "problems.csv"
    files = PROCUREMENT | {"Invoice.csv": bad, "InvoiceItem.csv": "id,invoiceId,itemId,quantity,price\n"}
    with pytest.raises(LoadRefused) as caught:
        load(files, errors_file=errors_file)
    assert caught.value.count == 3001
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4, 3001]
    assert str(caught.value).splitlines() == [
        "3,001 problems in the files; nothing was changed.",
        "  Invoice.csv, column date: 3,000 × is not an ISO 8601 date or time",
        "    should be like 2026-01-31 or 2026-01-31T08:30:00Z",
        '    line 2 "1/01/2026", line 3 "2/01/2026", line 4 "3/01/2026", …',
        '  Invoice.csv line 3001, column branchId: "x" is not a whole number',
        "    should be digits such as 42, from -2147483648 to 2147483647",
    ]
    assert caught.value.hint == f"All of them are in {errors_file}."
    with errors_file.open(newline="", encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert len(written) == 3001
    assert written[-1] == {
        "file": "Invoice.csv",
        "line": "3001",
        "column": "branchId",
        "value": "x",
        "problem": "is not a whole number",
        "expected": "digits such as 42, from -2147483648 to 2147483647",
    }
    assert len(rows(connection, "Invoice")) == 1


def test_header_problems_are_written_too_and_no_problems_leave_a_header_alone(load: Load, tmp_path: Path) -> None:
    errors_file = tmp_path / "problems.csv"
    refusal(load, ALIGNMENT | {"Dealer.csv": "id\n"}, errors_file=errors_file)
    assert len(errors_file.read_text().splitlines()) == 4
    load(ALIGNMENT, errors_file=errors_file)
    assert errors_file.read_text().split() == ["file,line,column,value,problem,expected"]


def test_an_errors_file_that_cannot_be_written_is_told_before_the_work(load: Load, tmp_path: Path) -> None:
    with pytest.raises(FieldlabError, match="cannot be written"):
        load(ALIGNMENT, errors_file=tmp_path / "nowhere" / "problems.csv")


def test_the_errors_file_may_lie_in_the_folder_but_never_overwrites_a_source_file(load: Load, folder: Path) -> None:
    assert load(ALIGNMENT | {"problems.csv": "of the last time"}, errors_file=folder / "problems.csv")
    with pytest.raises(FieldlabError, match=r"would take the place of Dealer\.csv"):
        load(ALIGNMENT, errors_file=folder / "Dealer.csv")
    assert (folder / "Dealer.csv").read_text() == ALIGNMENT["Dealer.csv"]


# Replacing


def test_one_problem_anywhere_leaves_every_table_as_it_was(load: Load, connection: psycopg.Connection) -> None:
    load(ALIGNMENT | PROCUREMENT)
    refusal(load, ALIGNMENT | PROCUREMENT | {"Dealer.csv": "id,name,region,dealerType\n", "Vendor.csv": "id,name\n"})
    refusal(load, {"Vendor.csv": "id,name\n7,New\nx,y\n"}, append=True)
    assert len(rows(connection, "Dealer")) == 2
    assert len(rows(connection, "Vendor")) == 2


def test_a_refused_first_load_leaves_no_tables_behind(load: Load, connection: psycopg.Connection) -> None:
    refusal(load, ALIGNMENT | {"Dealer.csv": "id,name,region,dealerType\nd1,One,,X\n"})
    assert connection.execute("select to_regnamespace('raw_alignment')").fetchone() == (None,)


def test_a_folder_of_one_domain_touches_only_that_one(load: Load, connection: psycopg.Connection) -> None:
    load(ALIGNMENT)
    assert connection.execute("select to_regnamespace('raw_procurement')").fetchone() == (None,)
    load(PROCUREMENT)
    assert len(rows(connection, "Dealer")) == 2


def test_optional_columns_and_tables_come_with_the_files_that_bring_them(
    load: Load, connection: psycopg.Connection
) -> None:
    load(ALIGNMENT)
    assert connection.execute("select to_regclass('raw_alignment.\"DealerSale\"')").fetchone() == (None,)
    with_size = "id,sku,name,description,collectionId,size\np1,S1,Chair,,c1,XL\n"
    sale = "id,dealerId,productId,soldAt,amount\nx1,d1,p1,2026-01-31,12.30\n"
    load(ALIGNMENT | {"Product.csv": with_size, "DealerSale.csv": sale})
    assert rows(connection, "Product", "id, size") == [("p1", "XL")]
    assert rows(connection, "DealerSale", "amount") == [(Decimal("12.30"),)]
    loaded = load(ALIGNMENT)
    assert [(t.table, t.file) for t in loaded if t.rows == 0] == [("DealerSale", None)]
    assert rows(connection, "Product", "id, size") == [("p1", None), ("p2", None)]
    assert rows(connection, "DealerSale") == []


def test_an_optional_column_is_held_to_its_reference(load: Load, connection: psycopg.Connection) -> None:
    with_vendor = (
        "id,date,status,branchId,departmentId,costCenterId,deletedAt,vendorId\n1,2026-01-31,APPROVED,1,,,,{}\n"
    )
    load(PROCUREMENT)
    assert refusal(load, PROCUREMENT | {"Invoice.csv": with_vendor.format(9)})[0][2:4] == ("vendorId", "9")
    load(PROCUREMENT | {"Invoice.csv": with_vendor.format(2)})
    with pytest.raises(psycopg.errors.ForeignKeyViolation), connection.transaction():
        connection.execute('update raw_procurement."Invoice" set "vendorId" = 9')


def test_views_on_the_tables_and_their_constraints_survive(load: Load, connection: psycopg.Connection) -> None:
    load(PROCUREMENT)
    connection.execute('create view spent as select sum(quantity * price) from raw_procurement."InvoiceItem"')
    connection.commit()
    load(PROCUREMENT | {"InvoiceItem.csv": "id,invoiceId,itemId,quantity,price\n1,1,1,2,10\n"})
    assert connection.execute("select * from spent").fetchone() == (Decimal(20),)
    count = "select count(*) from pg_constraint where contype = %s and connamespace = 'raw_procurement'::regnamespace"
    assert connection.execute(count, ["f"]).fetchone() == (6,)
    assert connection.execute(count, ["p"]).fetchone() == (7,)


def test_tables_that_an_application_made_are_never_written_to(load: Load, connection: psycopg.Connection) -> None:
    create_source_tables(connection, load_settings(), "alignment")
    connection.execute('comment on table raw_alignment."Product" is null')
    connection.commit()
    with pytest.raises(FieldlabError, match=r"raw_alignment\.Product was not made by fieldlab"):
        load(ALIGNMENT)
    with pytest.raises(FieldlabError, match=r"raw_alignment\.Product was not made by fieldlab"):
        load({"Dealer.csv": ALIGNMENT["Dealer.csv"]}, append=True)
    assert rows(connection, "Dealer") == []


def test_a_table_in_use_ends_the_load_in_time_and_names_the_blocker(
    load: Load, connection: psycopg.Connection, database_url: str
) -> None:
    load(PROCUREMENT)
    connection.execute("set lock_timeout = '200ms'")
    connection.commit()
    with psycopg.connect(database_url, application_name="a notebook") as reader:
        reader.execute('select * from raw_procurement."Vendor"')
        with pytest.raises(FieldlabError, match=rf"process {reader.info.backend_pid} \(a notebook of .*idle in trans"):
            load(PROCUREMENT)
    assert load(PROCUREMENT)


# Appending


def test_append_adds_by_id_and_newer_rows_win(load: Load, connection: psycopg.Connection) -> None:
    load(PROCUREMENT)
    loaded = load({"Vendor.csv": "id,name\n2,Better\n3,Crown\n"}, append=True)
    assert [(t.table, t.rows, t.replaced) for t in loaded] == [("Vendor", 2, 1)]
    assert rows(connection, "Vendor") == [(1, "Acme"), (2, "Better"), (3, "Crown")]
    assert len(rows(connection, "InvoiceItem")) == 2


def test_append_works_on_an_empty_database(load: Load, connection: psycopg.Connection) -> None:
    load({"Vendor.csv": PROCUREMENT["Vendor.csv"]}, append=True)
    assert len(rows(connection, "Vendor")) == 2
    assert rows(connection, "InvoiceItem") == []


def test_append_checks_references_against_files_and_database(load: Load, connection: psycopg.Connection) -> None:
    load(PROCUREMENT)
    lines = "id,invoiceId,itemId,quantity,price\n3,1,2,1,1\n4,2,2,1,1\n5,8,1,1,1\n"
    invoice = PROCUREMENT["Invoice.csv"].replace("\n1,", "\n2,")
    assert refusal(load, {"InvoiceItem.csv": lines, "Invoice.csv": invoice}, append=True) == [
        ("InvoiceItem.csv", 4, "invoiceId", "8", "is not the id of any Invoice")
    ]


def test_append_keeps_the_columns_that_the_file_lacks(load: Load, connection: psycopg.Connection) -> None:
    product = "id,sku,name,description,collectionId,size,finish\np1,S1,Chair,,c1,XL,matt\np2,S2,Table,Round,c1,S,\n"
    load(ALIGNMENT | {"Product.csv": product})
    newer = "id,sku,name,description,collectionId,finish\np1,S1,Armchair,,c1,\np3,S3,Lamp,,c1,gloss\n"
    load({"Product.csv": newer}, append=True)
    load({"Collection.csv": "id,name,vendorId\nc1,Walnut,v1\n"}, append=True)
    assert rows(connection, "Product", "id, name, size, finish") == [
        ("p1", "Armchair", "XL", None),
        ("p2", "Table", "S", None),
        ("p3", "Lamp", None, "gloss"),
    ]
    assert rows(connection, "Collection", "name, priority") == [("Walnut", 3)]


def test_append_may_swap_unique_values_but_not_take_one_that_stays(load: Load, connection: psycopg.Connection) -> None:
    load(ALIGNMENT)
    header = "id,sku,name,description,collectionId\n"
    load({"Product.csv": header + "p1,S2,Chair,,c1\np2,S1,Table,,c1\n"}, append=True)
    assert rows(connection, "Product", "id, sku") == [("p1", "S2"), ("p2", "S1")]
    assert refusal(load, {"Product.csv": header + "p9,S1,Sofa,,c1\n"}, append=True) == [
        ("Product.csv", 2, "sku", "S1", "is in the database already, under the id p2")
    ]


# The command


def test_the_command_prints_what_was_loaded_and_exits_0(load: Load, folder: Path) -> None:
    load(PROCUREMENT)
    result = CliRunner().invoke(load_command, [str(folder)])
    assert result.exit_code == 0, result.output
    assert "raw_procurement.InvoiceItem" in result.stdout
    assert result.stderr == ""
    result = CliRunner().invoke(load_command, [str(folder), "--append", "--json"])
    tables = json.loads(result.stdout)["tables"]
    assert tables[0] == {"schema": "raw_procurement", "table": "Vendor", "file": "Vendor.csv", "rows": 2, "replaced": 2}


def test_the_command_gives_problems_as_json_too(load: Load, folder: Path) -> None:
    refusal(load, PROCUREMENT | {"Vendor.csv": "id,name\nx,y\n"})
    result = CliRunner().invoke(load_command, [str(folder), "--json"])
    assert isinstance(result.exception, LoadRefused)
    printed = json.loads(result.stdout)
    assert (printed["loaded"], printed["problem_count"]) == (False, 2)
    assert printed["problems"][0]["line"] == 2


def test_a_folder_that_is_not_there_is_wrong_usage() -> None:
    assert CliRunner().invoke(load_command, ["/nowhere/at/all"]).exit_code == 2
