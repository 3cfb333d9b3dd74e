"""`fieldlab db`: the embedded database, or the server that was chosen instead."""

import os
import shlex
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

import click

from runner.cli.console import echo_json, log, say
from runner.cli.options import example, wait_option
from runner.database import backup as backups
from runner.database.backup import libpq_environment
from runner.database.binaries import find_binaries
from runner.database.warehouse import Warehouse, configured_warehouse, embedded_server, open_warehouse
from runner.ops.lock import RunLock
from runner.settings import load_settings


@click.group(epilog=example('fieldlab db psql -c "select * from fieldlab_alignment.dealer_influence limit 5"'))
def db() -> None:
    """Start, stop, back up and use the embedded database.

    Commands start it when they need it and stop it when they are done; `start` leaves it running. With a server of your
    own (FIELDLAB_DATABASE_URL or a dbt profile) there is nothing to start; the other commands work on that server.
    """


@db.command(epilog=example("fieldlab db start"))
def start() -> None:
    """Start the database and leave it running."""
    settings = load_settings()
    configured = configured_warehouse(settings)
    if configured:
        click.echo(f"Nothing to start: {configured.origin} names a server, {configured.place}.")
        return
    server = embedded_server(settings)
    server.keep()
    state = server.state()
    click.echo(f"PostgreSQL {state.version} is running on port {state.port}. `fieldlab db stop` ends it.")


@db.command(short_help="Stop the database.", epilog=example("fieldlab db stop"))
@click.option("--now", is_flag=True, help="Do not wait for fieldlab commands that are using it.")
def stop(now: bool) -> None:
    """Stop the database; while fieldlab commands are using it, the last of them stops it."""
    settings = load_settings()
    configured = configured_warehouse(settings)
    if configured:
        click.echo(f"Nothing to stop: {configured.origin} names a server, {configured.place}.")
        return
    server = embedded_server(settings)
    was_running = server.is_running()
    if not server.stop(at_once=now):
        click.echo("A fieldlab command is using the database; it stops when that command ends.")
    else:
        click.echo("The database is stopped." if was_running else "The database was not running.")


@db.command(
    short_help="Show whether the database is running, and where.",
    epilog=example("fieldlab db status --json"),
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def status(as_json: bool) -> None:
    """Show whether the database is running, where, its version and its size."""
    settings = load_settings()
    configured = configured_warehouse(settings)
    facts = _server_facts(configured) if configured else _embedded_facts()
    if as_json:
        echo_json(facts)
        return
    click.echo("running" if facts["running"] else "stopped")
    for name, value in facts.items():
        if name not in ("running", "data_bytes") and value is not None:
            click.echo(f"  {name:<9}{'yes' if value is True else 'no' if value is False else value}")
    click.echo(f"  {'size':<9}{_size_in_words(facts['data_bytes'])}")


def _embedded_facts() -> dict[str, object]:
    settings = load_settings()
    state = embedded_server(settings).state()
    return {"kind": "embedded", **asdict(state), "folder": str(state.folder)}


def _server_facts(warehouse: Warehouse) -> dict[str, object]:
    with warehouse.connect() as connection:
        row = connection.execute(
            "select current_setting('server_version'), pg_database_size(current_database())"
        ).fetchone()
    assert row is not None  # noqa: S101
    return {
        "kind": "server",
        "running": True,
        "place": warehouse.place,
        "from": warehouse.origin,
        "version": row[0],
        "data_bytes": row[1],
    }


def _size_in_words(size: object) -> str:
    megabytes = int(str(size)) / 1e6
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"  # noqa: PLR2004


@db.command(
    short_help="Print the database's URL, password included.",
    epilog=example('psql "$(fieldlab db url)"', 'eval "$(fieldlab db url --export)" && dbt build'),
)
@click.option("--export", "as_exports", is_flag=True, help="Print the environment variables that plain dbt needs.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def url(as_exports: bool, as_json: bool) -> None:
    """Print the database's URL, password included, for psql, Python or a BI tool."""
    warehouse = _warehouse()
    if as_exports:
        for name, value in warehouse.dbt_environment().items():
            click.echo(f"export {name}={shlex.quote(value)}")
    elif as_json:
        echo_json({"url": warehouse.url})
    else:
        click.echo(warehouse.url)


def _warehouse() -> Warehouse:
    """The database without starting it; says so when it does not run."""
    settings = load_settings()
    configured = configured_warehouse(settings)
    if configured:
        return configured
    server = embedded_server(settings)
    warehouse = Warehouse(server.url(), settings.target_schema, settings.threads)
    if not server.is_running():
        log("The database is not running. Start it with `fieldlab db start`.")
    return warehouse


@db.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog=example('fieldlab db psql -c "select count(*) from fieldlab_procurement.invoice_lines"'),
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> None:
    """Open psql in the database, with any of psql's own arguments."""
    settings = load_settings()
    warehouse = configured_warehouse(settings)
    if warehouse is None:
        server = embedded_server(settings)
        os.set_inheritable(server.join(), True)  # psql uses the server in our place, for as long as it lives
        warehouse = Warehouse(server.url())
    # An installed psql edits lines and remembers them; the one that comes with the server does not.
    program = shutil.which("psql") or str(find_binaries() / "psql")
    os.execve(program, [program, *arguments], libpq_environment(warehouse.url))  # noqa: S606


@db.command(
    short_help="Write everything in the database to one file.",
    epilog=example("fieldlab db backup fieldlab-2026-01-31.dump"),
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write everything in the database to FILE, which only you may read.

    An existing FILE is replaced once the backup is complete.
    """
    with open_warehouse(load_settings()) as warehouse:
        size = backups.backup(warehouse, file)
    say(f"{_size_in_words(size)} written to {file}.")


@db.command(
    short_help="Replace the database's contents by a backup.",
    epilog=example("fieldlab db restore fieldlab-2026-01-31.dump --yes"),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@wait_option()
def restore(file: Path, yes: bool, wait: int) -> None:
    """Replace the database's contents by those of FILE: all of it, or nothing if anything fails."""
    settings = load_settings()
    with open_warehouse(settings) as warehouse:
        if not yes and not sys.stdin.isatty():
            raise click.UsageError(f"This would replace what is in the {warehouse.place}; confirm it with --yes.")
        if not yes:
            click.confirm(f"Replace what is in the {warehouse.place}?", abort=True, err=True)
        with RunLock(warehouse, settings, "restore", wait=wait):
            backups.restore(warehouse, file)
    say(f"{file} is restored.")
