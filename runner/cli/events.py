"""`fieldlab events`: what fieldlab tells listeners, for programs that are no PostgreSQL clients."""

import logging
from contextlib import suppress

import click

from runner.cli import console
from runner.cli.options import example
from runner.cli.signals import stoppable
from runner.database.warehouse import open_warehouse
from runner.ops.events import listen
from runner.settings import load_settings

log = logging.getLogger(__name__)


@click.command(short_help="Print what happens as it happens.", epilog=example("fieldlab events --follow"))
@click.option("--follow", is_flag=True, help="Listen until stopped.")
def events(*, follow: bool) -> None:
    """Print events as JSON lines: jobs that were done, decisions, rollbacks.

    PostgreSQL keeps no events: those from before are not printed. `fieldlab jobs` shows what was done.
    """
    if not follow:
        raise click.UsageError("Past events are not kept. --follow prints those to come; `fieldlab jobs` shows runs.")
    settings = load_settings()
    with open_warehouse(settings) as warehouse, suppress(KeyboardInterrupt), stoppable():
        warehouse.refuse_transaction_pooler()
        with warehouse.connect(autocommit=True) as connection:
            for event in listen(connection):
                console.say(event)
