"""Finds out how a file is to be read: its columns, and the SQL with which DuckDB reads every value as text.

DuckDB reads well-formed CSV fast, but it does not say which line a record is on, and it refuses a file whose line ends
differ. Where anything is wrong, Python's `csv` module reads the file once more, strictly, and writes it anew with the
line of each record, so that errors can name it.
"""

import csv
import difflib
import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO, TextIOWrapper
from pathlib import Path
from shutil import copyfileobj
from typing import IO, TextIO, cast

import duckdb

from runner.errors import FieldlabError
from runner.load.contract import Column, Table
from runner.load.folder import SourceFile
from runner.load.problems import Problem

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
# A record longer than this is taken for a quote that was never closed.
LONGEST_RECORD = 4 * 1024 * 1024
LONGEST_VALUE = 1000

_UTF_8 = "utf-8-sig"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_ZIP_MARK = b"PK\x03\x04"
_DOS_END_OF_FILE = b"\x1a"
_HEADER_WITHIN = 20  # records in which the header is looked for, so that what is above it can be named
_HEADER_SAMPLE = 1 << 16
_CHUNK = 1 << 20
_QUOTES = 'one pair of quotes around a whole field; a quote inside it is written twice ("")'
_NO_TEXT = re.compile(r"\[\d*\]$|^(STRUCT|MAP|UNION|INTERVAL)")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Unreadable(Exception):  # noqa: N818 - becomes a Problem; the arguments are its attributes after the file
    """A file cannot be read, or not any further."""


@dataclass(frozen=True)
class Dialect:
    """What a user says about CSV files.

    Attributes:
        encoding: Of the text; None is UTF-8, or UTF-16 where the file begins with its mark.
        delimiter: Between fields; None takes the one of the header.
        decimal: Before the fraction of a number, `.` or `,`.
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: str = "."


AS_IS = Dialect()


@dataclass(frozen=True)
class OpenedFile:
    """A source file whose header has been read.

    Attributes:
        name: The file's name.
        table: The table its rows belong to.
        columns: The columns it brings, in its order; None is one without a name.
        texts: SQL for the text of each column's value.
        relation: SQL for the rows.
        plain: A CSV file as UTF-8 without compression; None for parquet.
        delimiter: Between the fields of a CSV file.
        header_records: How many of its records are not rows.
        has_lines: Whether the relation has a column `line`; the rows are counted otherwise.
    """

    name: str
    table: Table
    columns: tuple[Column | None, ...]
    texts: tuple[str, ...]
    relation: str
    plain: Path | None = None
    delimiter: str = ","
    header_records: int = 0
    has_lines: bool = False

    @property
    def names(self) -> list[str]:
        """The columns' names in DuckDB."""
        return [column.name if column else f"nameless {number}" for number, column in enumerate(self.columns, 1)]

    @property
    def named_columns(self) -> tuple[Column, ...]:
        """The columns with names, which are those with values."""
        return tuple(column for column in self.columns if column)


def open_file(
    connection: duckdb.DuckDBPyConnection, source: SourceFile, dialect: Dialect, scratch: Path
) -> OpenedFile | list[Problem]:
    """Read the header of a file, or say what is wrong with it.

    Args:
        connection: Reads parquet schemas.
        source: The file.
        dialect: What the user said about CSV files.
        scratch: Takes a link to the file, or a copy where it is not plain UTF-8.

    Raises:
        FieldlabError: The file cannot be opened.
    """
    try:
        if source.is_parquet:
            return _open_parquet(connection, source, scratch)
        return _open_csv(source, dialect, scratch)
    except Unreadable as error:
        return [Problem(source.name, *error.args)]
    except OSError as error:
        raise FieldlabError(f"{source.name} cannot be opened: {error.strerror or error}.") from error


def match_header(
    file: str, table: Table, header: Sequence[str], line: int | None
) -> tuple[tuple[Column | None, ...], list[Problem]]:
    """Find the columns a header names, whatever the case and with or without `_`, spaces and hyphens.

    Returns:
        The columns in the header's order, and what is wrong with it; the columns are of use only when nothing is.
    """
    known = {_plain(column.name): column for column in table.columns}
    columns = tuple(known.get(_plain(name)) for name in header)
    problems: list[Problem] = []
    for position, (name, column) in enumerate(zip(header, columns, strict=True)):
        if column is None and name.strip():
            close = difflib.get_close_matches(_plain(name), known, 1)
            expected = known[close[0]].name if close else f"one of {', '.join(one.name for one in table.columns)}"
            if name.startswith("__index_level_"):
                expected = "left out: it is pandas' index (write with index=False)"
            problems.append(Problem(file, line, name, name, f"is not a column of {table.name}", expected))
        elif column and column in columns[:position]:
            problems.append(Problem(file, line, name, name, "is there twice", "one column only"))
    problems += [
        Problem(file, line, column.name, "", "is missing", f"in the header, which has {', '.join(header)}")
        for column in table.required_columns
        if column not in columns and column.default is None
    ]
    return columns, problems


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).lower()


# --- CSV -----------------------------------------------------------------------------------------------------------


def _open_csv(source: SourceFile, dialect: Dialect, scratch: Path) -> OpenedFile | list[Problem]:
    plain = _as_plain_utf8(source.path, dialect.encoding, scratch)
    with plain.open(encoding=_UTF_8, errors="surrogateescape", newline="") as text:
        sample = text.read(_HEADER_SAMPLE)
    asked = re.match(r'\s*"?sep=(.)', sample)
    given = dialect.delimiter or (asked[1] if asked else None)
    candidates = [given] if given else list(DELIMITERS.values())

    def names_known(fields: Sequence[str]) -> int:
        return sum(column is not None for column in match_header("", source.table, fields, None)[0])

    records_by = {delimiter: _first_records(sample, delimiter) for delimiter in candidates}
    delimiter = max(records_by, key=lambda one: max((names_known(fields) for _, fields in records_by[one]), default=0))
    records = records_by[delimiter]
    filled = [number for number, (_, fields) in enumerate(records) if any(fields)][bool(asked) :]
    if not filled:
        raise Unreadable(1, "", "", "the file is empty", "a header row with the column names")
    line, header = records[filled[0]]
    columns, problems = match_header(source.name, source.table, header, line)
    if problems and not any(columns):
        below = [at for at, fields in records if names_known(fields) > 1]
        if below:
            raise Unreadable(line, "", header[0], "is above the header", f"taken out: the header is on line {below[0]}")
    if problems:
        return problems
    opened = OpenedFile(source.name, source.table, columns, (), "", plain, delimiter, header_records=filled[0] + 1)
    texts = tuple(map(quoted, opened.names))
    return replace(opened, texts=texts, relation=_read_csv(plain, opened.names, delimiter, opened.header_records))


def _first_records(sample: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """The first records with the line each begins on, blank ones too."""
    reader = csv.reader(StringIO(sample, newline=""), delimiter=delimiter)
    found: list[tuple[int, list[str]]] = []
    line = 1
    for fields in reader:
        found.append((line, fields))
        line = reader.line_num + 1
        if len(found) == _HEADER_WITHIN:
            break
    return found


def _as_plain_utf8(path: Path, encoding: str | None, scratch: Path) -> Path:
    """The file itself, or a copy of it in UTF-8 without compression and without DOS's end-of-file mark."""
    packed = path.suffix.lower() == ".gz"
    copy = scratch / f"{path.name}.utf-8"
    try:
        with cast("IO[bytes]", gzip.open(path)) if packed else path.open("rb") as raw:
            begin = raw.read(4)
            if begin == _ZIP_MARK:
                raise Unreadable(None, "", "", "is a spreadsheet or an archive inside", "saved as CSV UTF-8")
            if encoding is None and begin.startswith(_UTF_16_MARKS):
                encoding = "utf-16"
            if not packed and not encoding and not _ends_with_dos_mark(path):
                return _linked(path, scratch / path.name)
            raw.seek(0)
            if encoding is None:
                with copy.open("wb") as out:
                    copyfileobj(raw, out, _CHUNK)
            else:
                with (
                    TextIOWrapper(raw, encoding, newline="") as text,
                    copy.open("w", encoding="utf-8", newline="") as to,
                ):
                    copyfileobj(text, to, _CHUNK)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Unreadable(None, "", "", f"the file cannot be read any further ({error})", "a whole file") from error
    except UnicodeError as error:
        raise Unreadable(None, "", "", f"is not {encoding} text", "in the encoding that --encoding names") from error
    if _ends_with_dos_mark(copy):
        with copy.open("r+b") as out:
            out.truncate(copy.stat().st_size - len(_DOS_END_OF_FILE))
    return copy


def _linked(path: Path, link: Path) -> Path:
    """The file under a path without `*`, `?` and `[`, which DuckDB takes for patterns."""
    link.symlink_to(path)
    return link


def _ends_with_dos_mark(path: Path) -> bool:
    with path.open("rb") as raw:
        raw.seek(max(0, path.stat().st_size - 1))
        return raw.read() == _DOS_END_OF_FILE


def with_lines(file: OpenedFile, scratch: Path) -> tuple[OpenedFile, str]:
    """Read a CSV file record by record, strictly.

    Returns:
        The file whose rows have lines, and SQL for its malformed records: line, column, value, problem, expected.
    """
    assert file.plain is not None  # noqa: S101 - the caller asks for CSV files only
    good, bad = scratch / f"{file.name}.good", scratch / f"{file.name}.bad"
    csv.field_size_limit(LONGEST_RECORD)
    with (
        file.plain.open(encoding=_UTF_8, errors="surrogateescape", newline="") as text,
        good.open("w", encoding="utf-8", newline="") as good_text,
        bad.open("w", encoding="utf-8", newline="") as bad_text,
    ):
        rows, malformed = (csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n") for out in (good_text, bad_text))
        for out in (good_text, bad_text):  # DuckDB takes the first line end it meets for that of all records
            out.write("header\n")
        for line, record in _strict_records(text, file):
            if isinstance(record, Unreadable):
                malformed.writerow((line, *record.args))
            else:
                rows.writerow((line, *record))
    relation = _read_csv(good, ["line", *file.names], ",", 1)
    malformed_records = _read_csv(bad, ["line", "column_name", "value", "problem", "expected"], ",", 1)
    return replace(file, relation=relation, has_lines=True), malformed_records


def _strict_records(text: TextIO, file: OpenedFile) -> Iterator[tuple[int, list[str] | Unreadable]]:
    """The rows, or what is wrong with them, with the line each begins on. An unclosed quote is the last."""
    reader = csv.reader(text, delimiter=file.delimiter, strict=True)
    count = 0
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field larger" in str(error) or "end of data" in str(error):
                yield line, Unreadable("", "", "opens a quote that is never closed", _QUOTES)
                return
            yield line, Unreadable("", "", "has a quote in the wrong place", _QUOTES)
            continue
        count += 1
        if count <= file.header_records or not fields:
            continue
        yield line, _complaint(fields, file) or fields


def _complaint(fields: list[str], file: OpenedFile) -> Unreadable | None:
    wanted = len(file.columns)
    record = file.delimiter.join(fields)
    if not record.isascii() and _LONE_SURROGATE.search(record):
        position, field = next((at, text) for at, text in enumerate(fields) if _LONE_SURROGATE.search(text))
        shown = field.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")[:LONGEST_VALUE]
        column = file.columns[position] if position < wanted else None
        expected = "UTF-8; of a file that Excel saved as CSV on Windows say --encoding cp1252"
        return Unreadable(column.name if column else "", shown, "is not UTF-8", expected)
    if len(fields) == wanted:
        return None
    has = f"has {len(fields)} field{'s' if len(fields) > 1 else ''}"
    return Unreadable("", record[:LONGEST_VALUE], has, f"{wanted} fields, as the header has")


def _read_csv(path: Path, names: Sequence[str], delimiter: str, skipped: int) -> str:
    columns = ", ".join(f"{literal(name)}: 'varchar'" for name in names)
    return (
        f"read_csv({literal(str(path))}, columns = {{{columns}}}, delim = {literal(delimiter)}, skip = {skipped},"
        " auto_detect = false, header = false, quote = '\"', escape = '\"', strict_mode = true,"
        f" max_line_size = {LONGEST_RECORD})"
    )


# --- Parquet -------------------------------------------------------------------------------------------------------


def _open_parquet(
    connection: duckdb.DuckDBPyConnection, source: SourceFile, scratch: Path
) -> OpenedFile | list[Problem]:
    parts = [_linked(part, scratch / f"{source.table.name}.{at}.parquet") for at, part in enumerate(source.parts)]
    paths = ", ".join(literal(str(part)) for part in parts)
    relation = f"read_parquet([{paths}], hive_partitioning = false)"
    try:
        found = connection.execute(f"describe select * from {relation}").fetchall()
    except duckdb.Error as error:
        raise Unreadable(None, "", "", f"cannot be read ({first_line(error)})", "a parquet file") from error
    columns, problems = match_header(source.name, source.table, [name for name, *_ in found], None)
    problems += [
        Problem(source.name, None, name, kind, "is a type that has no text", "a plain type")
        for name, kind, *_ in found
        if _NO_TEXT.search(kind)
    ]
    if problems:
        return problems
    texts = tuple(_parquet_text(quoted(name), kind) for name, kind, *_ in found)
    return OpenedFile(source.name, source.table, columns, texts, relation)


def _parquet_text(column: str, kind: str) -> str:
    if kind in ("DOUBLE", "FLOAT"):  # what programs write for null in a column of floating-point numbers
        return f"case when not isnan({column}) then cast({column} as varchar) end"
    if kind == "BLOB":  # what is no UTF-8 is marked as unusable by a NUL, which no text may hold
        return f"coalesce(try(decode({column})), chr(0) || cast({column} as varchar))"
    return f"cast({column} as varchar)"


# --- SQL -----------------------------------------------------------------------------------------------------------


def quoted(name: str) -> str:
    """An identifier in DuckDB's SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in DuckDB's SQL."""
    return "'" + text.replace("'", "''") + "'"


def first_line(error: Exception) -> str:
    """What DuckDB says, without its advice."""
    return str(error).strip().partition("\n")[0]
