"""How a run or a backfill shows how far it is: whoever starts it says how."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date

from runner.dbt.process import Listener, ignore


def _unseen() -> AbstractContextManager[Listener]:
    return nullcontext(ignore)


@dataclass(frozen=True)
class RunProgress:
    """Shows what is under way; by default nothing.

    Attributes:
        dbt: Opens the listener of one invocation of dbt.
        dates: Gives the dates of a backfill one by one.
    """

    dbt: Callable[[], AbstractContextManager[Listener]] = _unseen
    dates: Callable[[Sequence[date]], Iterable[date]] = iter


UNSEEN = RunProgress()
