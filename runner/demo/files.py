"""The source tables of one domain as open CSV files."""

import csv
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from runner.load.contract import tables_of


class SourceFiles:
    """One CSV file per source table of a domain, with every optional column.

    Attributes:
        counts: Rows written so far per table.
    """

    def __init__(self, folder: Path, domain: str) -> None:
        self._folder = folder
        self._tables = tables_of(domain)
        self._stack = ExitStack()
        self._writers: dict[str, Any] = {}
        self.counts = dict.fromkeys((table.name for table in self._tables), 0)

    def __enter__(self) -> "SourceFiles":
        for table in self._tables:
            path = self._folder / f"{table.name}.csv"
            file = self._stack.enter_context(path.open("w", encoding="utf-8", newline=""))
            self._writers[table.name] = csv.writer(file)
            self._writers[table.name].writerow(column.name for column in table.columns)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, table: str, *values: object) -> int:
        """Write one row, its values in the contract's column order after the id; None is null.

        Returns:
            The row's id, which is its number.
        """
        self.counts[table] += 1
        self._writers[table].writerow((self.counts[table], *values))
        return self.counts[table]

    def add_named(self, table: str, key: str, *values: object) -> str:
        """Write one row that brings its own text id, and return the id."""
        self.counts[table] += 1
        self._writers[table].writerow((key, *values))
        return key

    def add_all(self, table: str, rows: Iterable[Iterable[object]]) -> None:
        """Write several rows without their ids, numbered on."""
        for row in rows:
            self.add(table, *row)
