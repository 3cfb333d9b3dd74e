"""Counters of the web service for Prometheus."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from runner.ops import runs
from runner.ops.shrink import PUBLISHING_JOBS

if TYPE_CHECKING:
    from runner.serve.service import Service

REGISTRY = CollectorRegistry()
REQUESTS = Counter("fieldlab_requests", "Requests answered.", ("method", "route", "status"), registry=REGISTRY)
SECONDS = Histogram(
    "fieldlab_request_seconds",
    "Time until an answer began.",
    ("route",),
    buckets=(0.005, 0.01, 0.03, 0.06, 0.1, 0.25, 0.5, 1, 5),
    registry=REGISTRY,
)
LISTENERS = Gauge("fieldlab_event_listeners", "Listeners of /events.", registry=REGISTRY)
WAITING = Gauge("fieldlab_connections_waited_for", "Requests that wait for a connection.", registry=REGISTRY)
PUBLISHED = Gauge(
    "fieldlab_published_timestamp_seconds", "When the newest published run began.", ("domain",), registry=REGISTRY
)
AS_OF = Gauge(
    "fieldlab_published_as_of_timestamp_seconds", "The date that run is about.", ("domain",), registry=REGISTRY
)


def exposition(service: "Service") -> bytes:
    """All of them as Prometheus reads them."""
    LISTENERS.set(service.events.listeners)
    WAITING.set(service.reads.get_stats().get("requests_waiting", 0))
    with service.reading() as connection:
        for domain, job in PUBLISHING_JOBS.items():
            newest = runs.newest_published(connection, service.settings, job)
            if newest is not None:
                PUBLISHED.labels(domain).set(newest.started_at.timestamp())
                midnight = datetime.combine(newest.as_of, datetime.min.time(), UTC)
                AS_OF.labels(domain).set(midnight.timestamp())
    return generate_latest(REGISTRY)
