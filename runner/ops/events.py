"""What listeners on the channel `fieldlab` hear."""

import json
from collections.abc import Mapping
from typing import Any

import psycopg

from runner.as_json import json_default

CHANNEL = "fieldlab"
LARGEST_PAYLOAD = 7_999  # bytes; PostgreSQL refuses 8,000


def notify(connection: psycopg.Connection, event: str, values: Mapping[str, Any]) -> None:
    """Send one event; listeners get it when the caller's transaction commits, so never about what was undone.

    Args:
        connection: The warehouse.
        event: Such as SPENDING_METRICS_COMPUTED.
        values: Counts, and the ids of at most one object.
    """
    connection.execute("select pg_notify(%s, %s)", [CHANNEL, payload(event, values)])


def payload(event: str, values: Mapping[str, Any]) -> str:
    """The event as JSON. Values that do not fit are left out, the last first, and `truncated` says so."""
    content = {"event": event, **values}
    text = _encode(content)
    while len(text.encode()) > LARGEST_PAYLOAD:
        content.pop("truncated", None)
        content.popitem()
        content["truncated"] = True
        text = _encode(content)
    return text


def _encode(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=json_default)
