"""What may stop a command from outside: SIGTERM, and the time it is given."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from runner.errors import TimeLimitError


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM stop the work inside like Ctrl-C does: dbt cancelled, the history written."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Raise TimeLimitError in the work inside when it takes longer than this."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - the signal module's signature
        raise TimeLimitError(f"The time limit of {seconds} s was reached; dbt and the rules were stopped.")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
