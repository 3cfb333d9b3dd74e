"""Watches, on Linux, what a server's processes use while dbt works: CPU seconds per dbt node, and memory."""

import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

TICKS = os.sysconf("SC_CLK_TCK")
INTERVAL_S = 0.05

# dbt begins each query with a comment that names its node; a parallel worker works for its leader.
SESSIONS = r"""
    select
        one.pid,
        substring(coalesce(leader.query, one.query) from '"node_id": "([^"]+)"')
    from pg_stat_activity as one
    left join pg_stat_activity as leader on one.leader_pid = leader.pid
    where one.backend_type in ('client backend', 'parallel worker') and one.pid <> pg_backend_pid()
"""


@dataclass
class Usage:
    """What was used so far.

    Attributes:
        by_node: CPU seconds of the server per dbt node, or per name given to `watch`.
        server_mb: The most memory the server's processes had, beside the buffers they share.
        own_mb: The most memory that this process and its children, dbt among them, had.
    """

    by_node: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    server_mb: float = 0
    own_mb: float = 0

    @property
    def cpu(self) -> float:
        """CPU seconds of the server in all."""
        return sum(self.by_node.values())


@contextmanager
def watch(url: str, other: str = "other") -> Iterator[Usage]:
    """Watch until the block is left.

    Args:
        url: The server, on this machine.
        other: Where the time of queries is put that no dbt node sent.
    """
    usage = Usage()
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(url, other, usage, over))
    watcher.start()
    try:
        yield usage
    finally:
        over.set()
        watcher.join()


def own_cpu() -> float:
    """CPU seconds of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _watch(url: str, other: str, usage: Usage, over: threading.Event) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        # What sessions used before they were watched does not count; those that begin later count from their start.
        before = {pid: _cpu(pid) for pid, _ in connection.execute(SESSIONS)}
        while not over.wait(INTERVAL_S):
            sessions = connection.execute(SESSIONS).fetchall()
            for pid, node in sessions:
                now = _cpu(pid)
                usage.by_node[node or other] += max(0.0, now - before.get(pid, 0.0))
                before[pid] = now
            usage.server_mb = max(usage.server_mb, sum(_anonymous_mb(pid) for pid, _ in sessions))
            usage.own_mb = max(usage.own_mb, sum(map(_anonymous_mb, _family(os.getpid()))))


def _cpu(pid: int) -> float:
    """CPU seconds of a process; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _anonymous_mb(pid: int) -> float:
    """The memory a process has to itself; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    kilobytes = [line.split()[1] for line in status.splitlines() if line.startswith("RssAnon")]
    return int(kilobytes[0]) / 1024 if kilobytes else 0


def _family(pid: int) -> list[int]:
    """A process and the processes it started."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [pid, *map(int, children)]
