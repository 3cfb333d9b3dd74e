"""How long a load takes, part by part, and how much memory it and (on Linux) the server process working for it take.

Example: FIELDLAB_DATABASE_URL=… python -m benchmarks.load exports/2026-01-31
"""

import resource
import sys
import threading
import time
from pathlib import Path

from runner.cli.console import out
from runner.database.warehouse import open_warehouse
from runner.load.loader import load_folder
from runner.settings import load_settings


class Watch:
    """Adds up the seconds of each part, and notes the most private memory that a process has meanwhile."""

    def __init__(self, pid: int) -> None:
        self.seconds: dict[str, float] = {}
        self.peak_bytes = 0
        self._part = "Opening"
        self._since = time.perf_counter()
        self._memory = Path(f"/proc/{pid}/statm")
        self._ended = threading.Event()

    def begin(self, part: str, _done: float = 0.0) -> None:
        """End the part that runs and begin another."""
        now = time.perf_counter()
        self.seconds[self._part] = self.seconds.get(self._part, 0.0) + now - self._since
        self._part, self._since = part, now

    def sample(self) -> None:
        """Look at the memory until `end`."""
        while self._memory.exists() and not self._ended.wait(0.05):
            _total, resident, shared, *_ = map(int, self._memory.read_text().split())
            self.peak_bytes = max(self.peak_bytes, (resident - shared) * resource.getpagesize())

    def end(self) -> None:
        """End the last part and the sampling."""
        self.begin("")
        self._ended.set()


def main() -> None:
    """Load the folder named on the command line, in the place of what is there, and print what it took."""
    settings = load_settings()
    with open_warehouse(settings) as warehouse, warehouse.connect() as connection:
        watch = Watch(connection.info.backend_pid)
        sampler = threading.Thread(target=watch.sample)
        sampler.start()
        try:
            loaded = load_folder(connection, settings, Path(sys.argv[1]), on_progress=watch.begin)
        finally:
            watch.end()
            sampler.join()
    for part, seconds in watch.seconds.items():
        out().print(f"{seconds:6.1f} s  {part}")
    rows = sum(table.rows for table in loaded)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kilobytes on Linux
    out().print(f"{sum(watch.seconds.values()):6.1f} s  {rows:,} rows")
    out().print(f"peak memory {own:.0f} MB, of the server process {watch.peak_bytes / 1024**2:.0f} MB")


if __name__ == "__main__":
    main()
