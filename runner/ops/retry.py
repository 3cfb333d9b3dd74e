"""A fault of the connection or the server that may be gone in a moment is tried again, up to three times."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

import psycopg

from runner.database.warehouse import is_transient
from runner.errors import FieldlabError

log = logging.getLogger(__name__)

PAUSES = (2.0, 4.0, 8.0)
"""Seconds to wait before each new try."""

T = TypeVar("T")


def with_retries(work: Callable[[], T]) -> T:
    """Do the work, and again when the database was lost on the way.

    Args:
        work: Opens its own connection, and leaves nothing half done when it fails.

    Raises:
        psycopg.Error, FieldlabError: It failed for another reason, or the last time too.
    """
    for pause in PAUSES:
        try:
            return work()
        except (psycopg.Error, FieldlabError) as error:
            if not is_transient(error):
                raise
            log.info(f"The database does not answer ({str(error).strip().splitlines()[0]}); again in {pause:g} s.")
            time.sleep(pause)
    return work()
