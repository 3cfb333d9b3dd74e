"""Answers made from what a run computed: with the run's id, and not made twice for the same run."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

import psycopg
from fastapi import Request
from starlette.responses import Response

from runner.ops.runs import newest_of
from runner.serve.caching import SHORTEST_AGE, cached, etag
from runner.serve.service import service_of


class Made(NamedTuple):
    """The run that an answer is made from.

    Attributes:
        run_id: Its id; None where the marts were built without the runner.
        as_of: The date it is about.
    """

    run_id: UUID | None
    as_of: date | None


def answer_of_run(
    request: Request,
    connection: psycopg.Connection,
    jobs: Sequence[str],
    make: Callable[[Made], bytes],
    *,
    max_age: int = SHORTEST_AGE,
    keep: bool = False,
) -> Response:
    """The answer to a request, 304 where whoever asks has that of the same run.

    Args:
        request: The request.
        connection: Reads.
        jobs: Jobs that build what it is made from.
        make: Makes the body.
        max_age: Seconds that it may be kept by whoever asks.
        keep: Keep the body here too, because it takes time to make.
    """
    service = service_of(request)
    run_id, as_of, outcome = newest_of(connection, service.settings, jobs) or (None, None, "running")
    made = Made(run_id, as_of)
    # While a run is under way, or where none is on record, nothing says what the marts hold.
    tag = None if outcome == "running" else etag(request, run_id, outcome)

    def body() -> bytes:
        return service.bodies.get(tag, lambda: make(made)) if keep and tag else make(made)

    return cached(request, tag, max_age, body)
