"""Reads CSV as RFC 4180 has it, with the physical line of every record.

Python's own `csv` module takes a quote in the middle of a field as it comes and does not say where a record begins;
both matter here, because an error must name the line it is on. Records without a quote, nearly all of them, are split
at the commas; the others are matched against the grammar.
"""

import gzip
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

from runner.load.contract import Column, Table
from runner.load.problems import Problem
from runner.load.records import Malformed, OpenedFile, Row, bad_text, decoded, is_bad_text, match_header

# A record longer than this is taken for a quote that was never closed.
LONGEST_RECORD = 4 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_QUOTED = r'"[^"]*+(?:""[^"]*+)*+"'
_FIELD = rf'(?:{_QUOTED}|[^",\r\n]*+)'
_RECORD = re.compile(rf"{_FIELD}(?:,{_FIELD})*+")
_FIELDS = re.compile(rf"(?:^|,)({_FIELD})")
# What programs put between columns in place of a comma.
_OTHER_SEPARATOR = re.compile(r"[;\t|]")
# A line that ends inside a quoted field.
_UNFINISHED = re.compile(rf'(?:{_FIELD},)*+"[^"]*+(?:""[^"]*+)*+')

_QUOTES = 'one pair of quotes around a whole field; a quote inside it is written twice ("")'


def open_csv(path: Path, table: Table) -> OpenedFile:
    """Read the header of a `.csv` or `.csv.gz` file.

    Returns:
        The file with its columns, or with what is wrong with its header.
    """
    with path.open("rb") as raw, _unpacked(path, raw) as stream:
        header = next(read_records(stream), None)
    if header is None:
        missing = Problem(path.name, 1, "", "", "the file is empty", "a header row with the column names")
        return OpenedFile(path.name, table, (), (missing,))
    line, fields = header
    if isinstance(fields, Malformed):
        bad = Problem(path.name, line, "", fields.text, fields.problem, fields.expected)
        return OpenedFile(path.name, table, (), (bad,))
    if len(fields) == 1 and _OTHER_SEPARATOR.search(fields[0]):
        bad = Problem(path.name, line, "", fields[0], "is not separated by commas", "columns with a comma between them")
        return OpenedFile(path.name, table, (), (bad,))
    columns, problems = match_header(path.name, table, fields)
    reader = _Reader(path, columns)
    return OpenedFile(path.name, table, columns, tuple(problems), path.stat().st_size, reader.rows, reader.done)


class _Reader:
    """Reads the rows of one file, and knows how far it is."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._path = path
        self._columns = columns
        self._raw: BinaryIO | None = None

    def rows(self) -> Iterator[Row]:
        count = len(self._columns)
        blanks = (None,) * count
        with self._path.open("rb") as self._raw, _unpacked(self._path, self._raw) as stream:
            records = read_records(stream)
            next(records)
            for line, fields in records:
                if not isinstance(fields, Malformed):
                    if len(fields) == count:
                        yield (line, None, *fields)
                        continue
                    fields = Malformed(  # noqa: PLW2901 - the record turned out to be no good
                        f"has {len(fields)} field{'s' if len(fields) > 1 else ''}",
                        f"{count} fields, as the header has",
                        ",".join(fields),
                    )
                yield (line, fields.as_json(self._columns), *blanks)

    def done(self) -> float:
        if self._raw is None:
            return 0.0
        return 1.0 if self._raw.closed else self._raw.tell() / max(1, self._path.stat().st_size)


def _unpacked(path: Path, raw: BinaryIO) -> BinaryIO:
    return io.BufferedReader(gzip.GzipFile(fileobj=raw)) if path.suffix == ".gz" else raw


def read_records(stream: BinaryIO) -> Iterator[tuple[int, list[str] | Malformed]]:
    """Split a stream into records; blank lines are passed over.

    Yields:
        The line a record begins on, counted from 1, and its fields or what is wrong with it. After an unclosed quote
        or a broken archive nothing more comes.
    """
    number = 0
    try:
        lines = iter(partial(stream.readline, LONGEST_RECORD), b"")
        for line in lines:
            number += 1
            begin = number
            record = line if number > 1 else line.removeprefix(_BOM)
            if record.count(b'"') % 2 and _UNFINISHED.fullmatch(decoded(record)):
                following = list(_up_to_closing_quote(lines))
                number += len(following)
                if not following or not following[-1].count(b'"') % 2:
                    yield begin, Malformed("opens a quote that is never closed", _QUOTES, decoded(record).strip())
                    return
                record += b"".join(following)
            if len(record) >= LONGEST_RECORD:
                limit = f"a record of less than {LONGEST_RECORD // 1024**2} MiB on lines that end in LF or CRLF"
                yield begin, Malformed("is too long", limit, decoded(record[:100]))
                return
            text = decoded(record).removesuffix("\n").removesuffix("\r")
            if text:
                yield begin, _fields(text)
    except (EOFError, OSError, zlib.error) as error:
        yield number + 1, Malformed(f"the file cannot be read any further ({error})", "a whole file")


def _up_to_closing_quote(lines: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for line in lines:
        yield line
        size += len(line)
        if line.count(b'"') % 2 or size >= LONGEST_RECORD:
            return


def _fields(record: str) -> list[str] | Malformed:
    if '"' in record:
        if not _RECORD.fullmatch(record):
            return Malformed("has a quote in the wrong place", _QUOTES, record)
        fields = [_unquoted(field) for field in _FIELDS.findall(record)]
    elif "\r" in record:
        return Malformed("has a carriage return outside quotes", "lines that end in LF or CRLF", record)
    else:
        fields = record.split(",")
    return bad_text(fields) if is_bad_text(record) else fields


def _unquoted(field: str) -> str:
    return field[1:-1].replace('""', '"') if field.startswith('"') else field
