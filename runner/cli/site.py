"""`fieldlab site`: the pages as files."""

from collections.abc import Sequence
from pathlib import Path

import click
import psycopg

from runner.alignment.read import find_dealer
from runner.cli.options import example
from runner.cli.progress import progress_bar
from runner.database.migrate import ensure
from runner.database.warehouse import open_warehouse
from runner.errors import FieldlabError
from runner.lookup import AmbiguousError
from runner.settings import load_settings
from runner.words import count


@click.command(
    short_help="Write the pages as files.", epilog=example("fieldlab site public --vendor marlowe-and-finch")
)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--dealers", multiple=True, metavar="ID|NAME", help="Only this dealer's report; may be given several times."
)
@click.option("--vendor", default="", metavar="ID", help="Only this vendor's dealers and collections.")
def site(folder: Path, dealers: Sequence[str], vendor: str) -> None:
    """Write what `fieldlab serve` shows into DIR, as files that open in a browser without a server.

    A site that is in DIR already is replaced. Nothing can be decided there.
    """
    try:
        from runner.serve.pages.page import Wanted  # noqa: PLC0415 - an optional extra
        from runner.serve.site import write_site  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise FieldlabError(
            f"The pages are not installed: {error}.", "Install them with `pip install 'fieldlab[serve]'`."
        ) from None
    settings = load_settings()
    with open_warehouse(settings) as warehouse:
        with warehouse.connect() as connection:
            ensure(connection, settings)
        with warehouse.connect(read_only=True) as connection, progress_bar("{task.description}") as bar:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            try:
                ids = [find_dealer(connection, settings, dealer.strip()).dealer_id for dealer in dealers]
            except AmbiguousError as error:
                raise click.UsageError(str(error)) from error
            task = bar.add_task("")
            number = write_site(
                connection, settings, folder, Wanted(ids, vendor), tell=lambda what: bar.update(task, description=what)
            )
    click.echo(f"{count(number, 'page')} written; open {folder / 'index.html'}.")
