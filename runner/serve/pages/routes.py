"""The pages on a server."""

import psycopg
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from runner.serve.access import Actor, Reader
from runner.serve.pages.frame import read_frame
from runner.serve.pages.page import KEY, Ask, Page
from runner.serve.pages.registry import PAGES
from runner.serve.pages.render import ServerLinks, render
from runner.serve.service import Reading, service_of
from runner.text import clean

router = APIRouter()


def show(
    request: Request,
    who: Actor,
    connection: psycopg.Connection,
    page: Page,
    ask: Ask,
    *,
    status: int = 200,
    **more: object,
) -> Response:
    """A page as an answer.

    Args:
        request: What is answered.
        who: Who asks.
        connection: For reading.
        page: Which page.
        ask: What of it.
        status: The HTTP status.
        more: Values for the template beside those that the page reads.
    """
    settings = service_of(request).settings
    frame = read_frame(connection, settings, who.name, may_sign_out=who.signed_in)
    values = {**page.read(connection, settings, ask), "frame": frame, "may_act": who.may("write"), **more}
    return HTMLResponse(render(settings, page.template, ServerLinks(), values), status)


def _add(page: Page) -> None:
    def handler(request: Request, who: Reader, connection: Reading) -> Response:
        return show(request, who, connection, page, asked(request))

    router.get(page.path.replace(KEY, "/{key:path}"))(handler)


def asked(request: Request) -> Ask:
    """What a request asks of a page."""
    names = request.query_params
    return Ask(clean(request.path_params.get("key", "")), {name: names.getlist(name) for name in names})


for _page in PAGES:
    _add(_page)
