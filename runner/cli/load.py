"""`fieldlab load`: files into source tables."""

import codecs
import sys
import time
from dataclasses import asdict
from pathlib import Path

import click
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from runner.cli import console
from runner.cli.options import example, log_format_option, wait_option
from runner.cli.progress import progress_bar
from runner.cli.signals import stoppable
from runner.database.warehouse import open_warehouse
from runner.load.loader import load_folder
from runner.load.problems import LoadRefused
from runner.load.readers import DELIMITERS, Dialect
from runner.load.tables import LoadedTable
from runner.ops.lock import RunLock
from runner.settings import load_settings


def _encoding(_context: click.Context, _option: click.Parameter, name: str | None) -> str | None:
    try:
        return name and codecs.lookup(name).name
    except LookupError:
        raise click.BadParameter(f"{name} is no text encoding; Excel on Windows writes cp1252.") from None


@click.command(
    short_help="Load a folder of CSV or parquet files.",
    epilog=example("fieldlab load exports/2026-01-31 --errors problems.csv"),
)
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--append", is_flag=True, help="Keep what is there: add new rows, replace rows with the same id.")
@click.option(
    "--errors",
    "--errors-file",
    "errors_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write every problem to this CSV file; the screen groups them by column and kind.",
)
@click.option(
    "--delimiter",
    metavar="NAME",
    type=click.Choice([*DELIMITERS]),
    help="Separator of CSV fields: comma, semicolon, tab or bar. Default: the one in the header.",
)
@click.option(
    "--decimal", type=click.Choice([".", ","]), default=".", show_default=True, help="Decimal mark in CSV files."
)
@click.option(
    "--encoding", metavar="NAME", callback=_encoding, help="Encoding of CSV files, such as cp1252. Default: UTF-8."
)
@click.option("--yes", is_flag=True, help="Load even if a table loses most of its rows (var max_shrink_share).")
@wait_option()
@log_format_option()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def load(
    folder: Path,
    *,
    append: bool,
    errors_file: Path | None,
    delimiter: str | None,
    decimal: str,
    encoding: str | None,
    yes: bool,
    wait: int,
    as_json: bool,
) -> None:
    """Load a folder of CSV or parquet files into the source tables: all of it, or nothing if there is a problem.

    Each file is named after its table (Dealer.csv, InvoiceItem.csv.gz, Product.parquet …). All rows of the domains
    that have files are replaced: alignment, procurement or both.
    """
    settings = load_settings()
    dialect = Dialect(encoding, DELIMITERS[delimiter] if delimiter else None, decimal)
    began = time.monotonic()
    try:
        with (
            stoppable(),  # so that the copies of the files go
            open_warehouse(settings) as warehouse,
            RunLock(warehouse, settings, "load", wait=wait),
            warehouse.connect() as connection,
            progress_bar(TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn()) as progress,
        ):

            def may_shrink(tables: str) -> bool:
                if yes or not sys.stdin.isatty():
                    return yes
                progress.stop()
                console.log(f"The files hold far fewer rows than are there:\n{tables}")
                return click.confirm("Load them?", abort=True, err=True)

            task = progress.add_task("Opening", total=1.0)
            loaded = load_folder(
                connection,
                settings,
                folder,
                append=append,
                dialect=dialect,
                may_shrink=may_shrink,
                errors_file=errors_file,
                on_progress=lambda what, done: progress.update(task, description=what, completed=done),
            )
    except LoadRefused as refused:
        if as_json:
            problems = [asdict(problem) for problem in refused.problems]
            kinds = [
                {"count": group.count, **asdict(group.first[0]), "problem": group.kind} for group in refused.groups
            ]
            result = {"loaded": False, "problem_count": refused.count, "kinds": kinds, "problems": problems}
            console.echo_json(result)
        raise
    seconds = round(time.monotonic() - began, 1)
    if as_json:
        console.echo_json({"loaded": True, "seconds": seconds, "tables": [asdict(table) for table in loaded]})
        return
    console.out().print(_table(loaded, append=append))
    click.echo(f"{sum(table.rows for table in loaded):,} rows in {seconds} s")


def _table(loaded: list[LoadedTable], *, append: bool) -> Table:
    view = Table("table", "file", box=None)
    view.add_column("rows", justify="right")
    if append:
        view.add_column("new", justify="right")
        view.add_column("replaced", justify="right")
    for table in loaded:
        cells = [f"{table.schema}.{table.table}", table.file or "none: emptied", f"{table.rows:,}"]
        if table.replaced is not None:
            cells += [f"{table.rows - table.replaced:,}", f"{table.replaced:,}"]
        view.add_row(*cells)
    return view
