"""Reads parquet in small batches, every value as the text a CSV file would hold."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from runner.load.contract import Column, Table
from runner.load.problems import Problem
from runner.load.records import Malformed, OpenedFile, Row, bad_text, decoded, is_bad_text, match_header

_BATCH_ROWS = 20_000


def open_parquet(path: Path, table: Table) -> OpenedFile:
    """Read the schema of a `.parquet` file.

    Returns:
        The file with its columns, or with what is wrong with its schema.
    """
    try:
        schema = pq.read_schema(path)
    except pa.ArrowException as error:
        broken = Problem(path.name, None, "", "", f"cannot be read ({error})", "a parquet file")
        return OpenedFile(path.name, table, (), (broken,))
    columns, problems = match_header(path.name, table, schema.names)
    problems += [
        Problem(path.name, 1, field.name, str(field.type), "is a type that has no text", "a plain type")
        for field in schema
        if not _has_text(field.type)
    ]
    reader = _Reader(path, columns)
    return OpenedFile(path.name, table, columns, tuple(problems), path.stat().st_size, reader.rows, reader.done)


class _Reader:
    """Reads the rows of one file, and knows how far it is."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._path = path
        self._columns = columns
        self._row = 0
        self._row_count = 0

    def rows(self) -> Iterator[Row]:
        blanks = (None,) * len(self._columns)
        try:
            with pq.ParquetFile(self._path, pre_buffer=False) as file:
                self._row_count = file.metadata.num_rows
                for batch in file.iter_batches(_BATCH_ROWS, use_threads=False):
                    for fields in zip(*map(_texts, batch.columns), strict=True):
                        self._row += 1
                        if any(map(is_bad_text, fields)):
                            yield (self._row, bad_text(fields).as_json(self._columns), *blanks)
                        else:
                            yield (self._row, None, *fields)
        except (pa.ArrowException, OSError) as error:
            broken = Malformed(f"the file cannot be read any further ({error})", "a whole file")
            yield (self._row + 1, broken.as_json(self._columns), *blanks)

    def done(self) -> float:
        return self._row / self._row_count if self._row_count else 0.0


def _has_text(kind: pa.DataType) -> bool:
    try:
        pa.array([], kind).cast(pa.string())
    except pa.ArrowException:
        return False
    return True


def _texts(values: pa.Array) -> list[str | None]:
    """The values as text: times with a zone in UTC, decimals exact, doubles by their shortest digits."""
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp(values.type.unit))
    try:
        texts: list[str | None] = values.cast(pa.string()).to_pylist()
    except (pa.ArrowInvalid, UnicodeDecodeError):
        raw: list[Any] = values.cast(pa.large_binary()).to_pylist()
        texts = [value if value is None else decoded(value) for value in raw]
    return texts
