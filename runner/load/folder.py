"""Which files a folder holds for which tables."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.errors import FieldlabError
from runner.load.contract import DOMAINS, Table, source_tables, tables_of
from runner.load.problems import Problem

SUFFIXES = (".csv", ".csv.gz", ".parquet")

# What operating systems, office programs and Spark leave beside data.
_LITTER = ("thumbs.db", "desktop.ini")
_LITTER_BEGINS = (".", "~$", "readme", "_success", "_committed", "_started", "_metadata", "_common_metadata")
_SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".tgz", ".tar.gz", ".csv.zip", ".csv.bz2", ".csv.xz", ".csv.zst")


@dataclass(frozen=True)
class SourceFile:
    """A file, or a folder of parquet parts, that holds one table.

    Attributes:
        path: The file or folder.
        table: The table its rows belong to.
        parts: The files with the rows: itself, or the folder's parts.
    """

    path: Path
    table: Table
    parts: tuple[Path, ...]

    @property
    def name(self) -> str:
        """The name people know it by."""
        return self.path.name

    @property
    def is_parquet(self) -> bool:
        """Whether it is parquet, not CSV."""
        return self.path.is_dir() or self.path.suffix.lower() == ".parquet"


def find_files(
    folder: Path, *, complete: bool, errors_file: Path | None = None
) -> tuple[list[SourceFile], list[Problem]]:
    """Find a folder's source files.

    Hidden files, lock files, README files and Markdown are passed over, and folders that are not named like a table;
    any other file must be a table's.

    Args:
        folder: Where the files are.
        complete: Whether every table that a domain must have needs a file, where the folder has any of that domain.
        errors_file: Passed over too, wherever it is.

    Returns:
        The files in the order of the contract, parents first, and what is wrong with their names.

    Raises:
        FieldlabError: There are no source files, or the errors file would overwrite one.
    """
    folder = folder.resolve()
    errors_file = errors_file.resolve() if errors_file else None
    tables = {table.name: table for table in source_tables()}
    if errors_file and errors_file.parent == folder and _split(errors_file)[0] in tables:
        raise FieldlabError(f"The errors file would take the place of {errors_file.name}.", "Give it another name.")
    problems: list[Problem] = []
    by_table: dict[str, list[SourceFile]] = {}
    paths = [path for path in sorted(folder.iterdir()) if path != errors_file and not _is_litter(path, tables)]
    for path in paths:
        stem, suffix = _split(path)
        parts = _parts(path)
        files = by_table.setdefault(stem, []) if stem in tables else []
        if stem in tables and parts and (suffix in SUFFIXES or path.is_dir()):
            files.append(SourceFile(path, tables[stem], parts))
        else:
            problems.append(_unusable(path, list(tables)))
    if not paths:
        names = ", ".join(f"{name}.csv" for name in tables)
        raise FieldlabError(
            f"There are no source files in {folder}.", f"Expected are {names}; also .csv.gz or .parquet."
        )
    for name, files in by_table.items():
        for file in files[1:]:
            what = f"holds the same table as {files[0].name}"
            problems.append(Problem(file.name, None, "", "", what, f"the only file for {name}"))
    if complete:
        problems += _missing(by_table)
    return [by_table[name][0] for name in tables if by_table.get(name)], problems


def _split(path: Path) -> tuple[str, str]:
    stem, dot, suffix = path.name.partition(".")
    return stem, (dot + suffix).lower()


def _is_litter(path: Path, tables: dict[str, Table]) -> bool:
    name = path.name.lower()
    if name.startswith(_LITTER_BEGINS) or name in _LITTER or path.suffix == ".md":
        return True
    return path.is_dir() and _split(path)[0] not in tables


def _parts(path: Path) -> tuple[Path, ...]:
    if path.is_file():
        return (path,)
    parts = (part for part in path.iterdir() if part.is_file() and part.suffix in {"", ".parquet"})
    return tuple(sorted(part for part in parts if not part.name.lower().startswith(_LITTER_BEGINS)))


def _unusable(path: Path, tables: list[str]) -> Problem:
    stem, suffix = _split(path)
    if path.is_dir():
        return Problem(path.name, None, "", "", "is a folder without .parquet parts", f"one file, {stem}.csv")
    if suffix in _SPREADSHEETS:
        return Problem(path.name, None, "", "", "is a spreadsheet", f"saved as CSV UTF-8: {stem}.csv")
    if suffix in _ARCHIVES:
        return Problem(path.name, None, "", "", "is an archive", f"unpacked: {stem}.csv")
    by_stem = {name.lower(): name for name in tables}
    close = difflib.get_close_matches(stem.replace("_", "").lower(), by_stem, 1)
    names = [by_stem[name] for name in close] or tables
    expected = f"{' or '.join(names)} with {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
    return Problem(path.name, None, "", "", "is not the name of a source file", expected)


def _missing(by_table: dict[str, list[SourceFile]]) -> Iterator[Problem]:
    for domain in DOMAINS:
        tables = tables_of(domain)
        if not any(table.name in by_table for table in tables):
            continue
        for table in tables:
            if table.name not in by_table and not table.optional:
                expected = f"there: a load replaces all of {domain}; to add rows to what is there, use --append"
                yield Problem(f"{table.name}.csv", None, "", "", "is missing", expected)
