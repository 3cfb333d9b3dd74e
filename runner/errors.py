"""What the runner raises when it cannot do what it was asked, and the exit code each ends with."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any


class FieldlabError(Exception):
    """A failure a user can understand and act on. The command line shows it without a stack trace.

    Args:
        message: What went wrong, naming the thing (file, row, column, value).
        hint: What to do about it, as a sentence of its own.

    Attributes:
        exit_code: What the command ends with: 1 failed.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UnfitDataError(FieldlabError):
    """The data is not fit to be published: a data test failed, or there is far less of it than before."""

    exit_code = 3


class BusyError(FieldlabError):
    """Another command that writes is under way."""

    exit_code = 4


class NotFoundError(FieldlabError):
    """There is nothing of the name or id that was asked for."""


class NotBuiltError(FieldlabError):
    """There are no marts to read yet."""


class RefusedError(FieldlabError):
    """A step that the status of a thing does not allow.

    Args:
        message: What is refused, and the status it is in.
        hint: What to do about it.
        facts: The same for machines.
    """

    def __init__(self, message: str, hint: str = "", facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, hint)
        self.facts = facts or {}


class TimeLimitError(KeyboardInterrupt):
    """The work took too long. Like Ctrl-C it comes at any moment, and psycopg then cancels the query it waits for."""


TimeLimit = Callable[[int], AbstractContextManager[None]]
"""Gives work a number of seconds, after which TimeLimitError is raised in it."""


def unlimited(seconds: int) -> AbstractContextManager[None]:  # noqa: ARG001 - a TimeLimit
    """The limit of callers that have none: signals, which stop work in the middle, belong to the command line."""
    return nullcontext()
