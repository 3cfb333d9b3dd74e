"""What can be wrong with the files, and how it is told."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from runner.errors import FieldlabError

SHOWN = 20

_VALUE_WIDTH = 80


@dataclass(frozen=True)
class Problem:
    """One thing that keeps a folder from being loaded.

    Attributes:
        file: The file's name.
        line: The physical line (of a parquet file the row) it begins on, counted from 1; None: the file as a whole.
        column: The column's name; empty when the whole row is meant.
        value: The value as it stands in the file.
        problem: What is wrong, to be read after the value: `is not a whole number`.
        expected: What would be right, to be read after `should be`.
    """

    file: str
    line: int | None
    column: str
    value: str | None
    problem: str
    expected: str

    def __str__(self) -> str:
        place = self.file
        if self.line is not None:
            place += f" {line_or_row(self.file)} {self.line}"
        if self.column:
            place += f", column {self.column}"
        value = f'"{shortened(self.value)}" ' if self.value else ""
        return f"{place}: {value}{self.problem}; should be {self.expected}"


class LoadRefused(FieldlabError):  # noqa: N818 - an outcome, told as such
    """The files have problems; nothing was changed.

    Attributes:
        count: How many problems there are.
        problems: The first of them.
    """

    def __init__(self, problems: Sequence[Problem], count: int, errors_file: Path | None = None) -> None:
        shown = problems[:SHOWN]
        lines = [f"{_counted(count)}; nothing was changed.", *(f"  {problem}" for problem in shown)]
        if count > len(shown):
            lines.append(f"  and {count - len(shown):,} more")
        hint = "--errors FILE writes all of them to a file." if count > len(shown) else ""
        if errors_file:
            hint = f"All of them are in {errors_file}."
        super().__init__("\n".join(lines), hint)
        self.count = count
        self.problems = shown


def write_problems(path: Path, problems: Iterable[Problem]) -> None:
    """Write problems to a CSV file, under a header with their attributes' names.

    Raises:
        FieldlabError: The file cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(field.name for field in fields(Problem))
            writer.writerows(map(astuple, problems))
    except OSError as error:
        raise FieldlabError(f"{path} cannot be written: {error.strerror or error}.") from error


def line_or_row(file: str) -> str:
    """What a place in a file is counted in."""
    return "row" if file.endswith(".parquet") else "line"


def shortened(value: str | None) -> str:
    """A value on one line, cut to what a person can take in."""
    text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in value or "")
    return text if len(text) <= _VALUE_WIDTH else text[: _VALUE_WIDTH - 1] + "…"


def _counted(count: int) -> str:
    return "1 problem in the files" if count == 1 else f"{count:,} problems in the files"
