"""Runs: their history, starting one, and the events they and people's decisions send."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from runner.dbt.jobs import JOB_NAMES
from runner.errors import BusyError, NotFoundError
from runner.ops import lock, runs
from runner.serve import cursors
from runner.serve.access import Admin, Reader
from runner.serve.caching import json_body
from runner.serve.parameters import Day, choice
from runner.serve.runs import start_run
from runner.serve.service import Reading, service_of

router = APIRouter(tags=["jobs"])

COMMANDS = ("run", "backfill")
# Where a run was made is nobody else's business.
HIDDEN = ("host", "pid", "kind")


class Start(BaseModel):
    """What a run is asked to do."""

    model_config = ConfigDict(extra="forbid")

    jobs: Annotated[list[Annotated[str, choice(JOB_NAMES)]], Field(max_length=len(JOB_NAMES))] = []
    as_of: Day | None = None


class WantedRuns(BaseModel):
    """Which runs are asked for."""

    model_config = ConfigDict(extra="forbid")

    job: Annotated[str | None, choice((*JOB_NAMES, *COMMANDS))] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 20
    after: str | None = None


@router.get("/jobs")
def jobs(request: Request, _: Reader, connection: Reading, wanted: Annotated[WantedRuns, Query()]) -> Response:
    """The history of runs, the newest first, each with its jobs."""
    after = None if wanted.after is None else _place(wanted.after)
    rows = runs.history(
        connection,
        service_of(request).settings,
        limit=wanted.limit + 1,
        job=wanted.job,
        order=JOB_NAMES,
        after=after,
    )
    found = nested(rows)
    page = found[: wanted.limit]
    following = cursors.encode("", [page[-1]["started_at"], page[-1]["run_id"]]) if len(found) > len(page) else None
    content = {"data": page, "next": following, "as_of": None, "run_id": None}  # each row has its own
    return Response(json_body(content), media_type="application/json")


@router.get("/jobs/{run_id}")
def job(request: Request, _: Reader, connection: Reading, run_id: UUID) -> Response:
    """One run with its jobs."""
    rows = runs.history(connection, service_of(request).settings, limit=1, order=JOB_NAMES, run_id=run_id)
    if not rows:
        raise NotFoundError(f"There is no run {run_id}.", "One that was just started is on record in a moment.")
    return Response(json_body(nested(rows)[0]), media_type="application/json")


@router.post("/jobs", status_code=HTTPStatus.ACCEPTED)
def start(request: Request, _: Admin, connection: Reading, body: Start | None = None) -> Response:
    """Start a run of these jobs, or of all, in a process of its own: GET /jobs/{run_id} says what came of it."""
    service = service_of(request)
    if lock.is_held(connection, service.settings):
        raise BusyError("Another run is under way.", "GET /jobs shows it.")
    wanted = body or Start()
    run_id = start_run(service.settings, wanted.jobs, wanted.as_of)
    place = f"{request.url.path}/{run_id}"
    content = {"run_id": run_id, "jobs": wanted.jobs or JOB_NAMES, "as_of": wanted.as_of, "url": place}
    return Response(json_body(content), HTTPStatus.ACCEPTED, {"Location": place}, "application/json")


@router.get("/events")
async def events(request: Request, _: Reader) -> Response:
    """What runs and people do, as server-sent events: each `data` is one event in JSON."""
    stream = service_of(request).events.subscribe()
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def nested(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of job_runs as runs with their jobs; where only jobs were asked for, those alone."""
    found: list[dict[str, Any]] = []
    for row in rows:
        shown = {name: value for name, value in row.items() if name not in HIDDEN}
        if row["kind"] == "run" or not found or found[-1]["run_id"] != row["run_id"]:
            found.append({**shown, "jobs": []})
        else:
            found[-1]["jobs"].append(shown)
    return found


def _place(after: str) -> tuple[datetime, UUID]:
    started_at, run_id = cursors.decode(after, "", 2)
    try:
        return datetime.fromisoformat(str(started_at)), UUID(str(run_id))
    except ValueError:
        raise cursors.invalid() from None
