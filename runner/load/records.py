"""What the readers of all file formats give the loader: rows of text, and rows that could not be read."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from runner.load.contract import Column, Table
from runner.load.problems import Problem

# Line (parquet: row), what is wrong with it as JSON or None, then one text per column of the file.
Row = tuple[int | str | None, ...]

# How much of a malformed record is kept to be shown.
LONGEST_VALUE = 1000

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Malformed:
    """A record that has no usable fields.

    Attributes:
        problem: What is wrong.
        expected: What would be right.
        value: The part of the record that is wrong.
        position: Which field it is in, counted from 0, where that can be told.
    """

    problem: str
    expected: str
    value: str = ""
    position: int | None = None

    @property
    def text(self) -> str:
        """The value as valid text: what cannot be stored is written as an escape."""
        return (
            self.value.encode("utf-8", "surrogateescape")
            .decode("utf-8", "backslashreplace")
            .replace("\0", "\\x00")[:LONGEST_VALUE]
        )

    def as_json(self, columns: Sequence[Column]) -> str:
        """As the staging table keeps it, next to the good rows."""
        column = ""
        if self.position is not None and self.position < len(columns):
            column = columns[self.position].name
        return json.dumps({"problem": self.problem, "expected": self.expected, "value": self.text, "column": column})


@dataclass(frozen=True)
class OpenedFile:
    """A source file whose header has been read.

    Attributes:
        name: The file's name.
        table: The table its rows belong to.
        columns: The columns it brings, in its order; empty when its header has problems.
        problems: What is wrong with the header.
        size: In bytes.
        rows: Reads the rows, once; the file is open only while it does.
        done: How much of it has been read, 0 to 1.
    """

    name: str
    table: Table
    columns: tuple[Column, ...]
    problems: tuple[Problem, ...] = ()
    size: int = 0
    rows: Callable[[], Iterator[Row]] = field(default=lambda: iter(()), repr=False)
    done: Callable[[], float] = field(default=lambda: 1.0, repr=False)


def match_header(file: str, table: Table, header: Sequence[str]) -> tuple[tuple[Column, ...], list[Problem]]:
    """Find the columns a header names, in camelCase or snake_case.

    Returns:
        The columns in the header's order, and what is wrong with it; the columns are of use only when nothing is.
    """
    known = {name: column for column in table.columns for name in (column.name, column.snake_name)}
    names = ", ".join(column.name for column in table.columns)
    columns: list[Column] = []
    problems: list[Problem] = []
    for name in header:
        column = known.get(name)
        if column is None:
            what = f"is not a column of {table.name}"
            problems.append(Problem(file, 1, name, name, what, f"one of {names}"))
        elif column in columns:
            problems.append(Problem(file, 1, name, name, "is there twice", "one column only"))
        else:
            columns.append(column)
    problems += [
        Problem(file, 1, column.name, "", "is missing", f"in the header, which has {', '.join(header)}")
        for column in table.required_columns
        if column not in columns and column.default is None
    ]
    return tuple(columns), problems


def decoded(raw: bytes) -> str:
    """Bytes as text; what is not UTF-8 becomes lone surrogates, which `is_bad_text` finds."""
    return raw.decode("utf-8", "surrogateescape")


def is_bad_text(text: str | None) -> bool:
    """Whether PostgreSQL cannot store this text."""
    return text is not None and ("\0" in text or (not text.isascii() and bool(_LONE_SURROGATE.search(text))))


def bad_text(fields: Sequence[str | None]) -> Malformed:
    """Say which of a record's fields cannot be stored; one of them is bad text."""
    position, field = next((i, text) for i, text in enumerate(fields) if text and is_bad_text(text))
    problem = "holds a NUL character" if "\0" in field else "is not UTF-8"
    return Malformed(problem, "UTF-8 text without NUL characters", field, position)
