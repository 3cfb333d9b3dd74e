"""Reading CSV: fields, physical lines and what is malformed."""

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.load.contract import source_tables
from runner.load.csv_files import LONGEST_RECORD, open_csv, read_records
from runner.load.records import Malformed

VENDOR = next(table for table in source_tables() if table.name == "Vendor")


def records(data: bytes) -> list[tuple[int, list[str] | str]]:
    """The records of some bytes, a malformed one as what is wrong with it."""
    return [
        (line, fields.problem if isinstance(fields, Malformed) else fields)
        for line, fields in read_records(io.BytesIO(data))
    ]


# Any text that UTF-8 can hold, rich in what CSV makes special; NUL is refused.
texts = st.text(
    st.one_of(st.sampled_from('",\r\n \\.ä'), st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
)


@given(
    rows=st.lists(st.lists(texts, min_size=2, max_size=5), max_size=6),
    # With a bare LF at the end of its lines, Python leaves a carriage return unquoted, which RFC 4180 does not allow.
    style=st.sampled_from([("\r\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_ALL), ("\n", csv.QUOTE_ALL)]),
    bom=st.booleans(),
)
def test_what_pythons_csv_module_writes_is_read_back(rows: list[list[str]], style: tuple[str, int], bom: bool) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator=style[0], quoting=style[1]).writerows(rows)  # type: ignore[arg-type]
    data = (b"\xef\xbb\xbf" if bom else b"") + out.getvalue().encode()
    assert [fields for _, fields in records(data)] == rows


@given(rows=st.lists(st.lists(texts, min_size=2, max_size=3), min_size=1, max_size=6))
def test_the_line_of_a_record_is_where_it_begins(rows: list[list[str]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    begins = []
    for row in rows:
        begins.append(out.getvalue().count("\n") + 1)
        writer.writerow(row)
    assert [line for line, _ in records(out.getvalue().encode())] == begins


@given(st.binary())
def test_any_bytes_give_records_and_never_fail(data: bytes) -> None:
    assert all(line >= 1 for line, _ in records(data))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"a,b", [(1, ["a", "b"])]),
        (b"a,b\n\n\r\nc,d\n\n", [(1, ["a", "b"]), (4, ["c", "d"])]),
        (b',\n"",""\n', [(1, ["", ""]), (2, ["", ""])]),
        (b'"a\n\n",b\nc,d\n', [(1, ["a\n\n", "b"]), (4, ["c", "d"])]),
        (b'"a ""x"", b",c\r\n', [(1, ['a "x", b', "c"])]),
        (b'"a\r\nb",c\r\nd,e', [(1, ["a\r\nb", "c"]), (3, ["d", "e"])]),
        (b"NULL, NA \n", [(1, ["NULL", " NA "])]),
        (b"\\.,\\N\n", [(1, ["\\.", "\\N"])]),
    ],
)
def test_well_formed_records(data: bytes, expected: list[tuple[int, list[str]]]) -> None:
    assert records(data) == expected


@pytest.mark.parametrize(
    ("data", "line", "problem"),
    [
        (b'a,b\n5" pipe,x\nc,d\n', 2, "has a quote in the wrong place"),
        (b'a,b\n"x"y,z\nc,d\n', 2, "has a quote in the wrong place"),
        (b'a,b\n"x" ,z\nc,d\n', 2, "has a quote in the wrong place"),
        (b'a,b\n a"b"c,z\nc,d\n', 2, "has a quote in the wrong place"),
        (b"a,b\nx\ry,z\nc,d\n", 2, "has a carriage return outside quotes"),
        (b"a,b\nx\xff,z\nc,d\n", 2, "is not UTF-8"),
        (b"a,b\n\xed\xa0\x80,z\nc,d\n", 2, "is not UTF-8"),
        (b"a,b\nx\x00,z\nc,d\n", 2, "holds a NUL character"),
        (b'a,b\n"x\x00\n",z\nc,d\n', 2, "holds a NUL character"),
    ],
)
def test_a_malformed_record_is_told_with_its_line_and_the_next_one_is_read(
    data: bytes, line: int, problem: str
) -> None:
    found = records(data)
    assert found[0] == (1, ["a", "b"])
    assert found[1] == (line, problem)
    assert found[2][1] == ["c", "d"]


def test_a_quote_that_is_never_closed_is_told_where_it_opens() -> None:
    assert records(b'a,b\nc,"d\n"e",f\n') == [(1, ["a", "b"]), (2, "opens a quote that is never closed")]


def test_a_quote_left_open_does_not_swallow_a_large_file() -> None:
    found = records(b'a,"b\n' + b"x" * 1000 * (LONGEST_RECORD // 1000) + b"\n" * 2000 + b'c"\n')
    assert found == [(1, "opens a quote that is never closed")]


def test_a_line_without_end_is_given_up() -> None:
    assert records(b"a" * (LONGEST_RECORD + 1)) == [(1, "is too long")]


def test_an_archive_that_breaks_off_is_told_after_the_rows_that_could_be_read(tmp_path: Path) -> None:
    path = tmp_path / "Vendor.csv.gz"
    path.write_bytes(gzip.compress(b"id,name\n" + b"".join(b"%d,name %d\n" % (i, i * i) for i in range(9000)))[:-2000])
    rows = list(open_csv(path, VENDOR).rows())
    assert rows[0][:1] + rows[0][2:] == (2, "0", "name 0")
    assert "cannot be read any further" in str(rows[-1][1])


def test_a_file_that_is_no_archive_is_told(tmp_path: Path) -> None:
    path = tmp_path / "Vendor.csv.gz"
    path.write_text("id,name\n")
    (problem,) = open_csv(path, VENDOR).problems
    assert "cannot be read any further" in problem.problem
