"""Tells a web hook, such as Slack's, that a run failed, that runs succeed again, or that the input has errors.

The URL is a secret: whoever has it can write there. It is in no message and no log line.
"""

import json
import queue
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from runner.ops.report import RunReport, explain

ANSWER_WITHIN_S = 5.0
MOST_REASONS = 10
LONGEST_REASON = 500  # characters

Alert = Mapping[str, Any]
"""What is posted: `text` for people, as Slack takes it, and the same for machines beside it."""


def alert_of(report: RunReport) -> Alert | None:
    """What a run gives reason to tell: that it failed, that runs succeed again, or that the input has errors."""
    if report.outcome != "succeeded":
        event, what, reasons = "failed", f"failed with exit code {report.exit_code}", report.problems
    elif report.recovered:
        event, what, reasons = "recovered", "succeeded again", report.source_errors
    elif report.source_errors:
        event, what, reasons = "source_error", "found errors in the input", report.source_errors
    else:
        return None
    return {
        "text": _text(f"as of {report.run.as_of} {what}", reasons),
        "event": event,
        "run_id": str(report.run.run_id),
        "as_of": report.run.as_of.isoformat(),
        "exit_code": report.exit_code,
        "source_errors": list(report.source_errors),
    }


def alert_of_error(error: BaseException) -> Alert:
    """A run that could not begin, or was stopped."""
    return {"text": _text("did not end", [explain(error)]), "event": "failed"}


def _text(what: str, reasons: Sequence[str]) -> str:
    lines = [f"fieldlab run {what} on {socket.gethostname()}."]
    lines += [f"• {reason[:LONGEST_REASON]}" for reason in reasons[:MOST_REASONS]]
    if len(reasons) > MOST_REASONS:
        lines.append(f"• and {len(reasons) - MOST_REASONS} more")
    text = "\n".join(lines)
    # Slack takes these for mentions and links, and names come from other people.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def is_web_address(url: str) -> bool:
    """Whether something can be posted there."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and url.isprintable() and " " not in url
    except ValueError:
        return False


def post(url: str, alert: Alert) -> str:
    """Post an alert.

    Returns:
        Why it was not delivered within five seconds; empty when it was.
    """
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()
    # In a thread, because a name that does not resolve or a server that answers byte by byte knows no time limit.
    threading.Thread(target=lambda: answers.put(_post(url, alert)), daemon=True).start()
    try:
        return answers.get(timeout=ANSWER_WITHIN_S)
    except queue.Empty:
        return f"no answer within {ANSWER_WITHIN_S:g} s"


def _post(url: str, alert: Alert) -> str:
    """Post, and say what went wrong without the words of libraries, in which the URL may be."""
    headers = {"Content-Type": "application/json"}
    try:
        request = urllib.request.Request(url, json.dumps(alert).encode(), headers, method="POST")  # noqa: S310 - checked
        with urllib.request.urlopen(request, timeout=ANSWER_WITHIN_S):  # noqa: S310
            return ""
    except urllib.error.HTTPError as error:
        return f"the answer was {error.code}"
    except urllib.error.URLError as error:
        reason = error.reason
        return (isinstance(reason, OSError) and reason.strerror) or type(reason).__name__
    except (OSError, ValueError, HTTPException) as error:
        return type(error).__name__
