"""What can be wrong with the files, and how it is reported."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from runner.errors import FieldlabError

SHOWN = 20
EXAMPLES = 3

_VALUE_WIDTH = 40


@dataclass(frozen=True)
class Problem:
    """One thing that keeps a folder from being loaded.

    Attributes:
        file: The file's name.
        line: The physical line (of a parquet file the row) it begins on, counted from 1; None: the file as a whole.
        column: The column's name; empty when the whole row is meant.
        value: The value as it is in the file.
        problem: What is wrong, to be read after the value: `is not a whole number`.
        expected: What would be right, to be read after `should be`.
    """

    file: str
    line: int | None
    column: str
    value: str | None
    problem: str
    expected: str


@dataclass(frozen=True)
class Group:
    """All problems of one kind in one column of one file.

    Attributes:
        count: How many.
        kind: What is wrong with all of them.
        first: The first of them, in the file's order.
    """

    count: int
    kind: str
    first: tuple[Problem, ...]

    def __str__(self) -> str:
        one = self.first[0]
        if self.count == 1:
            value = f'"{shortened(one.value)}" ' if one.value else ""
            return f"{_place(one)}: {value}{one.problem}\n    should be {one.expected}"
        where = f"{one.file}, column {one.column}" if one.column else one.file
        examples = ", ".join(_example(problem) for problem in self.first)
        more = ", …" if self.count > len(self.first) else ""
        return f"{where}: {self.count:,} × {self.kind}\n    should be {one.expected}\n    {examples}{more}"


class LoadRefused(FieldlabError):  # noqa: N818 - an outcome, told as such
    """The files have problems; nothing was changed.

    Attributes:
        count: How many problems there are.
        groups: The problems by file, column and kind.
    """

    def __init__(self, groups: Sequence[Group], errors_file: Path | None = None) -> None:
        self.count = sum(group.count for group in groups)
        self.groups = groups
        counted = "1 problem in the files" if self.count == 1 else f"{self.count:,} problems in the files"
        lines = [f"{counted}; nothing was changed.", *(f"  {group}" for group in groups[:SHOWN])]
        if len(groups) > SHOWN:
            lines.append(f"  and {len(groups) - SHOWN:,} more kinds of problem")
        hint = "--errors FILE writes every single one to a file." if self.count > len(groups) else ""
        super().__init__("\n".join(lines), f"All of them are in {errors_file}." if errors_file else hint)

    @property
    def problems(self) -> list[Problem]:
        """The first problems of each group."""
        return [problem for group in self.groups for problem in group.first]


def grouped(problems: Iterable[Problem]) -> list[Group]:
    """Put problems of the same file, column and kind together, in the order in which each kind is first seen."""
    kinds: dict[tuple[str, str, str, str], list[Problem]] = {}
    for problem in problems:
        kinds.setdefault((problem.file, problem.column, problem.problem, problem.expected), []).append(problem)
    return [Group(len(same), same[0].problem, tuple(same[:EXAMPLES])) for same in kinds.values()]


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


def shortened(value: str | None) -> str:
    """A value on one line, cut to what a person can take in."""
    text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in value or "")
    return text if len(text) <= _VALUE_WIDTH else text[: _VALUE_WIDTH - 1] + "…"


def _place(problem: Problem) -> str:
    line = "" if problem.line is None else f" {_line(problem)}"
    return f"{problem.file}{line}, column {problem.column}" if problem.column else f"{problem.file}{line}"


def _line(problem: Problem) -> str:
    return f"{'row' if '.parquet' in problem.file else 'line'} {problem.line}"


def _example(problem: Problem) -> str:
    where = "" if problem.line is None else _line(problem)
    return f'{where} "{shortened(problem.value)}"' if problem.value else where
