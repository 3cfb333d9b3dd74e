"""What goes wrong, told as RFC 9457 problem+json, to a browser as a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from runner.errors import BusyError, FieldlabError, NotBuiltError, NotFoundError, RefusedError
from runner.lookup import closest, either
from runner.serve.templates import TEMPLATES
from runner.serve.values import dumps

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5

# The first class that fits says the status.
STATUS_OF: Sequence[tuple[type[FieldlabError], HTTPStatus]] = (
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (RefusedError, HTTPStatus.CONFLICT),
    (BusyError, HTTPStatus.CONFLICT),
    (NotBuiltError, HTTPStatus.SERVICE_UNAVAILABLE),
    (FieldlabError, HTTPStatus.UNPROCESSABLE_ENTITY),
)


@dataclass
class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """A request that is refused.

    Attributes:
        status: The HTTP status.
        detail: What is wrong with this request, and what to do.
        more: Members of the answer beside those every problem has, such as `errors`.
        headers: Headers of the answer.
    """

    status: HTTPStatus
    detail: str
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


UNEXPECTED = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "This should not have failed; the server's log says where.")


def unknown(sentence: str, text: str, names: Sequence[str], status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Problem:
    """The problem of a name that is none of these, with the closest ones."""
    near = closest(text, names)
    return Problem(status, f"{sentence} Did you mean {either(near)}?", {"closest": near})


def problem_response(problem: Problem) -> Response:
    """The problem as JSON."""
    content = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
        **problem.more,
    }
    return Response(dumps(content), problem.status.value, dict(problem.headers), MEDIA_TYPE)


def wants_page(request: Request) -> bool:
    """Whether a browser asks, for a page."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def answer(request: Request, problem: Problem) -> Response:
    """The problem as whoever asked reads it; a browser that is not signed in is sent to do so."""
    if not wants_page(request):
        return problem_response(problem)
    if problem.status == HTTPStatus.UNAUTHORIZED and request.method == "GET":
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(here, safe='')}", HTTPStatus.SEE_OTHER)
    context = {"status": problem.status.value, "title": problem.status.phrase, "detail": problem.detail}
    return TEMPLATES.TemplateResponse(request, "error.html", context, problem.status.value, dict(problem.headers))


def handle_problems(app: FastAPI) -> None:
    """Give every error an answer in words."""

    @app.exception_handler(Problem)
    def refused(request: Request, error: Problem) -> Response:
        return answer(request, error)

    @app.exception_handler(FieldlabError)
    def failed(request: Request, error: FieldlabError) -> Response:
        status = next(status for kind, status in STATUS_OF if isinstance(error, kind))
        facts = error.facts if isinstance(error, RefusedError) else {}
        return answer(request, Problem(status, f"{error} {error.hint}".strip(), facts))

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        return answer(request, Problem(status, _in_words(request, status), headers=error.headers or {}))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        errors = [{"pointer": _where(one["loc"]), "detail": one["msg"]} for one in error.errors()]
        detail = "; ".join(f"{one['pointer']}: {one['detail']}" for one in errors)
        return answer(request, Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, {"errors": errors}))

    @app.exception_handler(psycopg.DataError)
    @app.exception_handler(UnicodeError)
    def unusable(request: Request, _: Exception) -> Response:
        detail = "A value is none that the database can hold, such as a text with NUL."
        return answer(request, Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail))

    @app.exception_handler(PoolTimeout)
    @app.exception_handler(psycopg.OperationalError)
    def unreachable(request: Request, error: psycopg.OperationalError) -> Response:
        timed_out = isinstance(error, psycopg.errors.QueryCanceled)
        detail = "The query took longer than it may." if timed_out else "The database cannot be reached."
        return answer(request, _unavailable(detail))

    @app.exception_handler(psycopg.errors.InsufficientPrivilege)
    def forbidden(request: Request, _: Exception) -> Response:
        detail = "The role that the web service reads as may not read this: see serve_role and reader_roles."
        return answer(request, _unavailable(detail))

    @app.exception_handler(psycopg.errors.UndefinedTable)
    @app.exception_handler(psycopg.errors.InvalidSchemaName)
    @app.exception_handler(psycopg.errors.UndefinedColumn)
    def not_built(request: Request, _: psycopg.Error) -> Response:
        return answer(request, _unavailable("The marts are not built yet, or by an older fieldlab: `fieldlab run`."))


def not_there(request: Request) -> Problem:
    """What a path that leads nowhere is answered with."""
    return Problem(HTTPStatus.NOT_FOUND, _in_words(request, HTTPStatus.NOT_FOUND))


def _unavailable(detail: str) -> Problem:
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": str(RETRY_AFTER_S)})


def _in_words(request: Request, status: HTTPStatus) -> str:
    if status == HTTPStatus.NOT_FOUND:
        return f"There is nothing at {request.url.path}."
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"{request.url.path} does not take {request.method}."
    return f"{status.description or status.phrase}."


def _where(location: Sequence[int | str]) -> str:
    """Where a value is wrong: `query.limit`, `body.reason`."""
    return ".".join(str(part) for part in location)
