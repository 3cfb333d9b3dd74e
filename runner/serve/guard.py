"""What holds for every request and answer: the size of bodies, where forms come from, headers, one line in the log."""

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request

from runner.serve.metrics import REQUESTS, SECONDS
from runner.serve.problems import UNEXPECTED, Problem, answer

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

API = "/api/v1"
LARGEST_BODY = 64 * 1024
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
METHODS = frozenset({*SAFE_METHODS, "POST", "PUT", "PATCH", "DELETE"})

POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
# dbt's docs are one page with its scripts and styles inside; it is let alone in a sandbox.
DOCS_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "connect-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts"
)
# Swagger UI has small pictures in its stylesheet.
API_DOCS_POLICY = f"{POLICY}; img-src 'self' data:"
POLICIES = {"/docs/": DOCS_POLICY, "/api/docs": API_DOCS_POLICY}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}

log = logging.getLogger(__name__)


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        begun = time.monotonic()
        is_answered = False

        async def sending(message: Message) -> None:
            nonlocal is_answered
            if message["type"] == "http.response.start":
                is_answered = True
                _set_headers(scope["path"], MutableHeaders(scope=message))
                _record(scope, message["status"], time.monotonic() - begun)
            await send(message)

        problem = _refused(scope["method"], headers)
        if problem is None:
            try:
                await self._app(scope, _Body(receive).receive, sending)
            except Exception:
                if not is_answered:
                    await answer(Request(scope), UNEXPECTED)(scope, receive, sending)
                raise  # the server logs where
        else:
            await answer(Request(scope), problem)(scope, receive, sending)


class _Body:
    """A body whose length nobody said."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > LARGEST_BODY:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return message


def _refused(method: str, headers: Headers) -> Problem | None:
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body may have {LARGEST_BODY:,} bytes.")
    origin = headers.get("origin")
    # Browsers send Origin with every form; other clients send none.
    if method not in SAFE_METHODS and origin is not None and origin.partition("://")[2] != headers.get("host"):
        return Problem(HTTPStatus.FORBIDDEN, "The form was sent from another site.")
    return None


def _set_headers(path: str, headers: MutableHeaders) -> None:
    found = (policy for prefix, policy in POLICIES.items() if path.startswith(prefix))
    headers["Content-Security-Policy"] = next(found, POLICY)
    for name, value in HEADERS.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store")


def _record(scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
    """Count and log the route, not the address: names and ids of people stay out of both."""
    route = getattr(scope.get("route"), "path", "(none)")
    if scope["path"].startswith(f"{API}/") and not route.startswith((API, "(")):
        route = f"{API}{route}"
    method = scope["method"] if scope["method"] in METHODS else "other"
    REQUESTS.labels(method, route, status).inc()
    SECONDS.labels(route).observe(seconds)
    log.info("%s %s %s %.0f ms", method, route, status, seconds * 1000)
