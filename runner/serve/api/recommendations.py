"""Recommendations: the list, one with its history, and what people do with them, one by one or a whole decision."""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from runner.ops.runs import newest_published
from runner.procurement.lifecycle import LONGEST_REASON, OPEN, PUBLISHING_JOB, Action, take_step
from runner.procurement.read import (
    STATUSES,
    TYPES,
    Filter,
    Place,
    list_decisions,
    list_recommendations,
    newest_event,
    read_recommendation,
)
from runner.serve import cursors
from runner.serve.access import Actor, Reader, Writer
from runner.serve.caching import cached, etag, json_body
from runner.serve.mart_pages import DEFAULT_LIMIT
from runner.serve.parameters import choice
from runner.serve.service import Reading, Writing, service_of
from runner.serve.values import parse
from runner.settings import Settings

router = APIRouter(tags=["recommendations"])

Id = Annotated[int, Path(ge=1, lt=2**63, description="The recommendation's number.")]
Key = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="The decision's key.")]
Name = Annotated[str | None, Query(description="A number or a name.")]


class Dismissal(BaseModel):
    """Why something is dismissed."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: Annotated[str | None, Field(max_length=LONGEST_REASON)] = None


NO_REASON = Dismissal()


class Wanted(BaseModel):
    """Which recommendations are asked for."""

    type: list[Annotated[str, choice(TYPES)]] = []
    status: list[Annotated[str, choice(STATUSES)]] = list(OPEN)
    priority: list[Annotated[int, Field(ge=1, le=5)]] = []
    branch: str | None = None
    item: str | None = None
    vendor: str | None = None
    min_savings: Annotated[Decimal | None, Field(ge=0, lt=10**15, allow_inf_nan=False)] = None

    def filter(self) -> Filter:
        """The same for who reads them."""
        return Filter(self.status, self.type, self.priority, self.branch, self.item, self.vendor, self.min_savings)


class WantedPage(Wanted):
    """Which recommendations are asked for, and how many of them."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=500)] = DEFAULT_LIMIT
    after: str | None = None
    count: bool = False


class WantedDecisions(Wanted):
    """Which decisions are asked for, by their recommendations."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=500)] = DEFAULT_LIMIT


@router.get("/recommendations")
def recommendations(
    request: Request, _: Reader, connection: Reading, wanted: Annotated[WantedPage, Query()]
) -> Response:
    """Recommendations by priority, expected savings and number; the open ones unless `status` says otherwise."""
    settings = service_of(request).settings
    place = None if wanted.after is None else _place(wanted.after)

    def make() -> bytes:
        rows = list_recommendations(connection, settings, wanted.filter(), limit=wanted.limit + 1, after=place)
        page = rows[: wanted.limit]
        last = page[-1] if len(rows) > len(page) else None
        following = last and cursors.encode("", [last["priority"], last["expected_savings"], last["id"]])
        content = {"data": page, "next": following, **_published(connection, settings)}
        if wanted.count:
            content["total"] = list_decisions(connection, settings, wanted.filter(), 1).count
        return json_body(content)

    return _kept(request, connection, make)


@router.get("/decisions")
def decisions(
    request: Request, _: Reader, connection: Reading, wanted: Annotated[WantedDecisions, Query()]
) -> Response:
    """The same as decisions: what a person would decide at once is one row. `totals` count overlaps once."""
    settings = service_of(request).settings

    def make() -> bytes:
        found = list_decisions(connection, settings, wanted.filter(), wanted.limit)
        content = {"data": found.decisions, "next": None, "total": found.decision_count}
        more = {"recommendation_count": found.count, "totals": found.totals}
        return json_body({**content, **more, **_published(connection, settings)})

    return _kept(request, connection, make)


@router.get("/recommendations/{one}")
def recommendation(request: Request, _: Reader, connection: Reading, one: Id) -> Response:
    """One recommendation with its `events`, oldest first."""
    settings = service_of(request).settings
    return _kept(request, connection, lambda: json_body(read_recommendation(connection, settings, one)))


@router.patch("/recommendations/{one}/view")
def view(request: Request, who: Writer, connection: Writing, one: Id) -> Response:
    """Mark a recommendation as seen; a second time changes nothing."""
    return _step(request, connection, who, Action.VIEW, one)


@router.patch("/recommendations/{one}/dismiss")
def dismiss(request: Request, who: Writer, connection: Writing, one: Id, body: Dismissal = NO_REASON) -> Response:
    """Decide against a recommendation."""
    return _step(request, connection, who, Action.DISMISS, one, reason=body.reason)


@router.patch("/recommendations/{one}/apply")
def apply(request: Request, who: Writer, connection: Writing, one: Id) -> Response:
    """Decide for a recommendation."""
    return _step(request, connection, who, Action.APPLY, one)


@router.patch("/decisions/{key}/view")
def view_decision(request: Request, who: Writer, connection: Writing, key: Key) -> Response:
    """Mark all that is open of a decision as seen."""
    return _decide(request, connection, who, Action.VIEW, key)


@router.patch("/decisions/{key}/dismiss")
def dismiss_decision(
    request: Request, who: Writer, connection: Writing, key: Key, body: Dismissal = NO_REASON
) -> Response:
    """Decide against all that is open of a decision."""
    return _decide(request, connection, who, Action.DISMISS, key, reason=body.reason)


@router.patch("/decisions/{key}/apply")
def apply_decision(request: Request, who: Writer, connection: Writing, key: Key) -> Response:
    """Decide for all that is open of a decision."""
    return _decide(request, connection, who, Action.APPLY, key)


def _step(
    request: Request, connection: Writing, who: Actor, action: Action, one: int, *, reason: str | None = None
) -> Response:
    settings = service_of(request).settings
    take_step(connection, settings, [one], action, by=who.name, reason=reason)
    return Response(json_body(read_recommendation(connection, settings, one)), media_type="application/json")


def _decide(
    request: Request, connection: Writing, who: Actor, action: Action, key: str, *, reason: str | None = None
) -> Response:
    settings = service_of(request).settings
    changed = take_step(connection, settings, [], action, by=who.name, reason=reason, decisions=[key])
    content = {"decision_key": key, "status": action.status, "ids": changed}
    return Response(json_body(content), media_type="application/json")


def _kept(request: Request, connection: psycopg.Connection, make: Callable[[], bytes]) -> Response:
    """An answer that is kept here as long as nothing it depends on changes, and by nobody else: people act on it."""
    service = service_of(request)
    tag = _tag(request, connection, service.settings)
    return cached(request, tag, None, lambda: service.bodies.get(tag, make))


def _tag(request: Request, connection: psycopg.Connection, settings: Settings) -> str:
    """Lists change with runs, with what people decide, and at midnight, when recommendations expire."""
    return etag(request, *_published(connection, settings).values(), *newest_event(connection, settings))


def _published(connection: psycopg.Connection, settings: Settings) -> dict[str, Any]:
    newest = newest_published(connection, settings, PUBLISHING_JOB)
    return {"as_of": newest and newest.as_of, "run_id": newest and newest.run_id}


def _place(after: str) -> Place:
    priority, expected_savings, one = cursors.decode(after, "", 3)
    try:
        savings = None if expected_savings is None else parse(str(expected_savings), "numeric")
        return Place(parse(str(priority), "integer"), savings, parse(str(one), "bigint"))
    except ValueError:
        raise cursors.invalid() from None
