"""Where a page ended, as an opaque text."""

import base64
import binascii
import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from runner.serve.problems import Problem
from runner.serve.values import dumps

LONGEST = 4_000


def encode(order: str, values: Sequence[Any]) -> str:
    """A cursor: the order of the list, and the last row's values in it."""
    return base64.urlsafe_b64encode(dumps([order, *values]).encode()).decode().rstrip("=")


def decode(text: str, order: str, length: int) -> list[Any]:
    """The values of a cursor.

    Args:
        text: The cursor.
        order: The order of the list that is asked for.
        length: How many values it has.

    Raises:
        Problem: 400: it is none, or of a list in another order.
    """
    try:
        padded = text[:LONGEST] + "=" * (-len(text) % 4)
        content = json.loads(base64.b64decode(padded.encode(), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        content = None
    if not isinstance(content, list) or len(content) != length + 1:
        raise invalid()
    if content[0] != order:
        raise invalid()
    return content[1:]


def invalid() -> Problem:
    """What a cursor that is none is answered with."""
    return Problem(
        HTTPStatus.BAD_REQUEST,
        "`after` is not a cursor of this list: give the `next` of the page before, with the same sort and filters.",
    )
