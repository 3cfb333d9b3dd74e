"""A fault of the connection or the server that may be gone in a moment is tried again, up to three times."""

import time
from collections.abc import Callable
from typing import TypeVar

import psycopg

from runner import console

PAUSES = (2.0, 4.0, 8.0)
"""Seconds to wait before each new try."""

T = TypeVar("T")


def patiently(work: Callable[[], T]) -> T:
    """Do the work, and again when the database was lost on the way.

    Args:
        work: Opens its own connection, and leaves nothing half done when it fails.

    Raises:
        psycopg.Error: It failed for another reason, or the last time too.
    """
    for pause in PAUSES:
        try:
            return work()
        except psycopg.Error as error:
            if not is_transient(error):
                raise
            console.log(f"The database was lost ({str(error).strip().splitlines()[0]}); again in {pause:g} s.")
            time.sleep(pause)
    return work()


def is_transient(error: BaseException | str) -> bool:
    """Whether the same may well succeed when it is tried again in a moment."""
    if isinstance(error, psycopg.Error) and error.sqlstate:
        return error.sqlstate.startswith(("08", "40001", "40P01", "53300", "57P01", "57P02", "57P03"))
    words = ("connection refused", "server closed the connection", "terminating connection", "deadlock detected")
    return any(word in str(error).lower() for word in words)
