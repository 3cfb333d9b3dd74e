"""Which files a folder holds for which tables."""

import difflib
from collections.abc import Iterator
from pathlib import Path

from runner.errors import FieldlabError
from runner.load.contract import DOMAINS, Table, source_tables, tables_of
from runner.load.csv_files import open_csv
from runner.load.problems import Problem
from runner.load.records import OpenedFile

SUFFIXES = (".csv", ".csv.gz", ".parquet")


def open_folder(
    folder: Path, *, complete: bool, errors_file: Path | None = None
) -> tuple[list[OpenedFile], list[Problem]]:
    """Find a folder's source files and read their headers.

    Hidden files, folders, README files and Markdown are passed over; any other file must be a table's.

    Args:
        folder: Where the files are.
        complete: Whether every table that a domain must have needs a file, where the folder has any of that domain.
        errors_file: Passed over too, wherever it is.

    Returns:
        The files in the order of the contract, parents first, and what keeps them from being read: a file is unknown,
        missing or there twice, or a header is wrong.

    Raises:
        FieldlabError: There are no source files, one cannot be opened, or the errors file would overwrite one.
    """
    folder = folder.resolve()
    errors_file = errors_file.resolve() if errors_file else None
    if errors_file and errors_file.parent == folder and _table_named(errors_file.name):
        raise FieldlabError(f"The errors file would take the place of {errors_file.name}.", "Give it another name.")
    paths = [path for path in sorted(folder.iterdir()) if not _is_ignored(path) and path != errors_file]
    problems: list[Problem] = []
    by_table: dict[str, list[Path]] = {}
    for path in paths:
        table = _table_named(path.name) if path.is_file() else None
        if table is None:
            problems.append(_unknown(path))
        else:
            by_table.setdefault(table.name, []).append(path)
    if not paths:
        names = ", ".join(f"{table.name}.csv" for table in source_tables())
        raise FieldlabError(
            f"There are no source files in {folder}.", f"Expected are {names}; also .csv.gz or .parquet."
        )
    problems += _doubled(by_table)
    if complete:
        problems += _missing(by_table)
    files = [_open(by_table[table.name][0], table) for table in source_tables() if table.name in by_table]
    problems += [problem for file in files for problem in file.problems]
    return files, problems


def _is_ignored(path: Path) -> bool:
    name = path.name
    if name.startswith(".") or (path.is_dir() and not name.endswith(SUFFIXES)):
        return True
    return name.upper().startswith("README") or path.suffix == ".md"


def _table_named(file_name: str) -> Table | None:
    stem, dot, suffix = file_name.partition(".")
    return {table.name: table for table in source_tables()}.get(stem) if dot + suffix in SUFFIXES else None


def _unknown(path: Path) -> Problem:
    if path.is_dir():
        return Problem(path.name, None, "", "", "is a folder", "one file")
    stem = path.name.partition(".")[0].replace("_", "").lower()
    by_stem = {table.name.lower(): table.name for table in source_tables()}
    close = [by_stem[name] for name in difflib.get_close_matches(stem, by_stem, 1)] or list(by_stem.values())
    expected = f"{' or '.join(close)} with {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
    return Problem(path.name, None, "", "", "is not the name of a source file", expected)


def _doubled(by_table: dict[str, list[Path]]) -> Iterator[Problem]:
    for name, paths in by_table.items():
        for path in paths[1:]:
            what = f"holds the same table as {paths[0].name}"
            yield Problem(path.name, None, "", "", what, f"the only file for {name}")


def _missing(by_table: dict[str, list[Path]]) -> Iterator[Problem]:
    for domain in DOMAINS:
        tables = tables_of(domain)
        if not any(table.name in by_table for table in tables):
            continue
        for table in tables:
            if table.name not in by_table and not table.optional:
                expected = f"there: a load replaces all of {domain}; to add rows to what is there, use --append"
                yield Problem(f"{table.name}.csv", None, "", "", "is missing", expected)


def _open(path: Path, table: Table) -> OpenedFile:
    try:
        if path.suffix == ".parquet":
            from runner.load.parquet_files import open_parquet  # noqa: PLC0415 - pyarrow takes a while to import

            return open_parquet(path, table)
        return open_csv(path, table)
    except OSError as error:
        raise FieldlabError(f"{path.name} cannot be opened: {error.strerror or error}.") from error
