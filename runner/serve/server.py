"""Runs the application under uvicorn until it is told to stop."""

import socket
from collections.abc import Callable

import psycopg
import uvicorn
from psycopg import sql

from runner.database.migrate import ensure
from runner.database.warehouse import Warehouse
from runner.errors import FieldlabError
from runner.serve.access import is_local_address
from runner.serve.app import create_app
from runner.serve.service import Proxy
from runner.serve.tokens import any_token
from runner.settings import Settings

# Requests under way, and event streams, are given this long.
STOP_WITHIN_S = 2


def listen(host: str, port: int) -> socket.socket:
    """Take the port, so that an error comes before anything else is done.

    Raises:
        FieldlabError: It is in use, or there is no such address here.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches Nagle's algorithm off: an answer in two parts took 40 ms with it.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()
    except (OSError, TypeError, ValueError) as error:  # the last two for what cannot be a name
        listening.close()
        raise FieldlabError(
            f"Cannot listen on {host} port {port}: {getattr(error, 'strerror', None) or error}.",
            "Name another one with --port or --host.",
        ) from None
    return listening


def run_server(
    settings: Settings,
    warehouse: Warehouse,
    listening: socket.socket,
    *,
    host: str,
    proxy: Proxy | None,
    ready: Callable[[], None],
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        settings: The project, and the names of schemas.
        warehouse: The database.
        listening: Where requests come in.
        host: The address that was asked for.
        proxy: The proxy in front that signs people in.
        ready: Called once requests are answered.

    Raises:
        FieldlabError: Other machines could reach it and nobody has a token, or the database cannot be used.
    """
    warehouse.refuse_transaction_pooler()
    is_local = is_local_address(host)
    with warehouse.connect() as connection:
        ensure(connection, settings)
        if not is_local and proxy is None and not any_token(connection, settings, valid=True):
            raise FieldlabError(
                f"{host} is reached from other machines, and nobody has a token.",
                "Make one with `fieldlab token create NAME --scope read`, or listen on 127.0.0.1.",
            )
        _check_role(connection, settings)
    app = create_app(settings, warehouse, is_local=is_local, proxy=proxy)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )
    _Server(config, ready).run([listening])


def _check_role(connection: psycopg.Connection, settings: Settings) -> None:
    """Refuse a serve_role that we cannot read as."""
    role = settings.variables.get("serve_role")
    if role:
        try:
            connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
        except psycopg.Error as error:
            raise FieldlabError(
                f"The var serve_role names {role}, and we cannot read as that role: {str(error).strip()}.",
                "Create it and grant it to the account fieldlab connects with (docs/security.md says how).",
            ) from None


class _Server(uvicorn.Server):
    """Says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()
