"""What a machine asks about the server: does it live, is it of use, what does it do."""

from datetime import datetime
from http import HTTPStatus

import psycopg
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from runner.ops import runs
from runner.ops.shrink import PUBLISHING_JOBS
from runner.serve.access import actor, is_local_address, is_local_host
from runner.serve.caching import json_body
from runner.serve.metrics import exposition
from runner.serve.problems import Problem
from runner.serve.service import Reading, Service, service_of

router = APIRouter()


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(request: Request, connection: Reading) -> Response:
    """The database answers and something is published; how old that is."""
    content = readiness(service_of(request), connection)
    status = HTTPStatus.OK if content["ready"] else HTTPStatus.SERVICE_UNAVAILABLE
    return Response(json_body(content), status, media_type="application/json")


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Counters and gauges for Prometheus: for this machine, or the scope admin."""
    address = request.client.host if request.client else ""
    proxy = service_of(request).proxy
    is_here = is_local_address(address) and is_local_host(request) and not (proxy and address == proxy.peer)
    if not is_here and not actor(request).may("admin"):
        raise Problem(HTTPStatus.FORBIDDEN, "This needs the scope admin, or this machine.")
    return Response(exposition(service_of(request)), media_type=CONTENT_TYPE_LATEST)


def readiness(service: Service, connection: psycopg.Connection) -> dict[str, object]:
    """What is published by domain, and how fresh it is."""
    settings = service.settings
    today = datetime.now(settings.zone).date()
    limit = int(settings.variable("stale_after_days"))
    domains = {}
    for domain, job in PUBLISHING_JOBS.items():
        newest = runs.newest_published(connection, settings, job)
        if newest is not None:
            days = (today - newest.as_of).days
            domains[domain] = {
                "run_id": newest.run_id,
                "as_of": newest.as_of,
                "started_at": newest.started_at,
                "days_old": days,
                "is_stale": days > limit,
            }
    last = runs.history(connection, settings, limit=1, job=None)
    newest_run = {name: last[0][name] for name in ("run_id", "as_of", "outcome", "started_at")} if last else None
    return {"ready": bool(domains), "database": "ok", "newest_run": newest_run, "published": domains}
