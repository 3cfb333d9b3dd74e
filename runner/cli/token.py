"""`fieldlab token`: who may use the API."""

import click
from rich.table import Table

from runner.cli import console
from runner.cli.options import example
from runner.database.migrate import ensure
from runner.database.warehouse import open_warehouse
from runner.serve.tokens import SCOPES, create_token, list_tokens, revoke_token
from runner.settings import load_settings

LONGEST_DAYS = 3650


@click.group(epilog=example("fieldlab token create ana --scope write --expires 90"))
def token() -> None:
    """Make, list and revoke the tokens of the API.

    A token's name is who did what is done with it.
    """


@token.command(epilog=example("fieldlab token create ana --scope write --expires 90"))
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice(SCOPES),
    required=True,
    help="read; write also acts on recommendations; admin also starts runs.",
)
@click.option("--expires", type=click.IntRange(1, LONGEST_DAYS), metavar="DAYS", help="Default: it never expires.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def create(name: str, scope: str, expires: int | None, as_json: bool) -> None:
    """Make a token for NAME and show it, this once."""
    settings = load_settings()
    with open_warehouse(settings) as warehouse, warehouse.connect() as connection:
        ensure(connection, settings)
        made = create_token(connection, settings, name, scope, expires)
    if as_json:
        console.echo_json({"name": name, "scope": scope, "token": made})
        return
    console.log(f"The token of {name}, scope {scope}. It is not stored and cannot be shown again:")
    click.echo(made)


@token.command(name="list", epilog=example("fieldlab token list"))
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def show(as_json: bool) -> None:
    """Show whose tokens there are, what they may do and when they were last used."""
    settings = load_settings()
    with open_warehouse(settings) as warehouse, warehouse.connect() as connection:
        ensure(connection, settings)
        rows = list_tokens(connection, settings)
    if as_json:
        console.echo_json(rows)
        return
    if not rows:
        click.echo("There is no token. `fieldlab token create NAME --scope read` makes one.")
        return
    table = Table()
    for column in ("Name", "Scope", "State", "Created", "Expires", "Last used"):
        table.add_column(column, no_wrap=column != "Name", overflow="fold")
    for row in rows:
        days = (row["created_at"], row["expires_at"], row["last_used_at"])
        table.add_row(row["name"], row["scope"], row["state"], *(f"{day:%Y-%m-%d}" if day else "" for day in days))
    console.out().print(table)


@token.command(epilog=example("fieldlab token revoke ana"))
@click.argument("name")
def revoke(name: str) -> None:
    """Make the token of NAME useless from now on."""
    settings = load_settings()
    with open_warehouse(settings) as warehouse, warehouse.connect() as connection:
        ensure(connection, settings)
        revoke_token(connection, settings, name)
    click.echo(f"The token of {name} is revoked.")
