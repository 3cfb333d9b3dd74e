"""`fieldlab docs`: the documentation of every table and column as one page."""

import webbrowser
from pathlib import Path

import click

from runner.cli.console import log, say
from runner.cli.options import example
from runner.dbt.docs import DOCS_PAGE, build_docs
from runner.settings import load_settings


@click.command(
    short_help="Write the documentation of all tables to one page.",
    epilog=example("fieldlab docs --open", "fieldlab docs public/index.html"),
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--open", "opens", is_flag=True, help="Show the page in the browser.")
def docs(file: Path | None, *, opens: bool) -> None:
    """Write the documentation of all tables and columns, with their lineage, to FILE.

    It is one HTML file, by default fieldlab-docs.html in dbt's target folder, that opens without a server and asks
    nothing of the network. Types and sizes are those of what is built in the database.
    """
    settings = load_settings()
    page = build_docs(settings, (file or settings.manifest_file.with_name(DOCS_PAGE)).absolute())
    if page.remark:
        log(page.remark)
    say(f"{page.file} is written: {page.file.stat().st_size / 1e6:.1f} MB.")
    if opens and not webbrowser.open(page.file.as_uri()):
        log("No browser was found; open the file yourself.")
