"""How often somebody may ask."""

import time
from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock

PER_MINUTE = 600
WINDOW_S = 60.0
MOST_CALLERS = 10_000


class RateLimit:
    """Counts the requests of each caller in windows of a minute that begin with its first request.

    Args:
        most: How many are allowed in a window.
    """

    def __init__(self, most: int = PER_MINUTE) -> None:
        self._most = most
        self._windows: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()
        self._lock = Lock()

    def wait(self, caller: Hashable) -> float:
        """Count a request; 0 where it is allowed, else the seconds until the next one is."""
        now = time.monotonic()
        with self._lock:
            begun, count = self._windows.get(caller, (now, 0))
            if now - begun >= WINDOW_S:
                begun, count = now, 0
                self._windows.pop(caller, None)
            self._windows[caller] = begun, count + 1
            while len(self._windows) > MOST_CALLERS:
                self._windows.popitem(last=False)
        return 0.0 if count < self._most else WINDOW_S - (now - begun)
