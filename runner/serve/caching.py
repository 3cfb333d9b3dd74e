"""Answers that need not be computed twice: entity tags, and a cache in the process."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from fastapi import Request
from starlette.responses import Response

from runner.serve.values import dumps

MOST_BYTES = 32 * 2**20

# The papers' times, in seconds, by mart; what is not named has the shortest.
SHORTEST_AGE = 300
MAX_AGE = {
    "price_variance": 600,
    "purchase_patterns": 3600,
    "vendor_order_patterns": 3600,
    "item_price_benchmarks": 86400,
}


def etag(request: Request, *parts: object) -> str:
    """The tag of the answer to a request.

    Args:
        request: Its path and query, in whatever order.
        parts: What else the answer depends on, such as the run that made the mart.
    """
    query = sorted(request.query_params.multi_items())
    content = dumps([request.url.path, query, *(str(part) for part in parts)])
    return f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether whoever asks has the answer with this tag."""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in given.split(",")}


def cached(request: Request, tag: str | None, max_age: int | None, make: Callable[[], bytes]) -> Response:
    """The answer: 304 where it is known, else with its tag.

    Args:
        request: The request.
        tag: Its tag; None while a run may be changing what it is made from.
        max_age: Seconds it may be kept; None: not at all, because people act on it.
        make: Makes the body.
    """
    headers = {
        "Cache-Control": "no-store" if max_age is None else f"private, max-age={max_age}",
        "Vary": "Authorization, Cookie",
    }
    if tag is None:
        headers["Cache-Control"] = "no-store"
    else:
        headers["ETag"] = tag
        if is_known(request, tag):
            return Response(status_code=304, headers=headers)
    return Response(make(), headers=headers, media_type="application/json")


def json_body(value: object) -> bytes:
    """A value as the body of an answer."""
    return dumps(value).encode()


class BodyCache:
    """Bodies by their tags; the oldest go when they are too large together.

    Args:
        most: How many bytes they may have together.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._size = 0
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, tag: str, make: Callable[[], bytes]) -> bytes:
        """The body with this tag, made if need be."""
        with self._lock:
            body = self._bodies.get(tag)
            if body is not None:
                self._bodies.move_to_end(tag)
                return body
        body = make()
        with self._lock:
            self._size += len(body) - len(self._bodies.pop(tag, b""))
            self._bodies[tag] = body
            while self._size > self._most:
                self._size -= len(self._bodies.popitem(last=False)[1])
        return body

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._bodies.clear()
            self._size = 0
