"""What listeners on the channel `fieldlab` hear."""

import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg

from runner.as_json import json_default

log = logging.getLogger(__name__)

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


def listen(connection: psycopg.Connection) -> Iterator[str]:
    """Give each event from now on as one line of JSON, as it is committed; it never ends by itself.

    Args:
        connection: In autocommit mode, of a session of its own.
    """
    connection.execute("set idle_session_timeout = 0")
    connection.execute(f"listen {CHANNEL}")
    log.info("Listening.")
    for notice in connection.notifies():
        try:
            line = _encode(json.loads(notice.payload))
            line.encode()
        except (ValueError, RecursionError):  # anybody may send on a channel
            line = _encode({"event": None, "payload": notice.payload})
        yield line


def _encode(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=json_default)
