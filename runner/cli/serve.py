"""`fieldlab serve`: the API and the pages, on this machine or for a team."""

import threading
import webbrowser
from contextlib import suppress

import click

from runner.cli.console import log
from runner.cli.options import example
from runner.cli.signals import stoppable
from runner.database.warehouse import open_warehouse
from runner.errors import FieldlabError
from runner.settings import load_settings


@click.command(
    short_help="Serve the API and the pages.",
    epilog=example("fieldlab serve --open", "fieldlab serve --host 0.0.0.0 --port 8080"),
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--open", "open_page", is_flag=True, help="Open the first page in a browser.")
@click.option("--auth-header", metavar="NAME", help="The header in which a proxy names the person it signed in.")
@click.option("--trusted-peer", metavar="ADDRESS", help="The address of that proxy; nobody else's header counts.")
def serve(*, host: str, port: int, open_page: bool, auth_header: str | None, trusted_peer: str | None) -> None:
    """Serve what was published, as an API (/api/v1) and as pages, until Ctrl-C.

    On this machine alone no token is needed until one is made (`fieldlab token create`). Other machines need one.
    """
    if (auth_header is None) != (trusted_peer is None):
        raise click.UsageError("--auth-header and --trusted-peer go together.")
    try:
        from runner.serve.server import listen, run_server  # noqa: PLC0415 - an optional extra
        from runner.serve.service import Proxy  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise FieldlabError(
            f"The web service is not installed: {error}.", "Install it with `pip install 'fieldlab[serve]'`."
        ) from None

    settings = load_settings()
    proxy = Proxy(auth_header, trusted_peer) if auth_header and trusted_peer else None
    with open_warehouse(settings) as warehouse, listen(host, port) as socket, stoppable():
        url = "http://{}:{}".format(f"[{host}]" if ":" in host else host, socket.getsockname()[1])

        def ready() -> None:
            log(f"fieldlab is at {url}; Ctrl-C stops it.")
            if open_page:
                threading.Thread(target=webbrowser.open, args=[url], daemon=True).start()

        with suppress(KeyboardInterrupt):
            run_server(settings, warehouse, socket, host=host, proxy=proxy, ready=ready)
