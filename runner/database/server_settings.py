"""The embedded server's settings, by the memory there is."""

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

HOST = "127.0.0.1"
CONTAINER_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def server_settings(port: int, memory: int, *, durable: bool) -> Mapping[str, str]:
    """The server's settings: for one person's bulk loads and analysis on a machine that does other things too.

    Args:
        port: Where it listens.
        memory: The machine's memory, in MB.
        durable: False gives up crash safety.
    """
    settings = {
        "port": str(port),
        "listen_addresses": HOST,
        "unix_socket_directories": "",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "shared_buffers": f"{_between(64, memory // 8, 512)}MB",
        "effective_cache_size": f"{memory // 2}MB",
        "work_mem": f"{_between(8, memory // 128, 64)}MB",
        "maintenance_work_mem": f"{_between(64, memory // 16, 256)}MB",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        # Tables made and filled in one transaction, as dbt does, are synced instead of logged.
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "random_page_cost": "1.1",
        "jit": "off",
    }
    if sys.platform == "linux":
        # Containers have little of the other kind, /dev/shm, and a parallel query then fails.
        settings["dynamic_shared_memory_type"] = "sysv"
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    return settings


def memory_mb() -> int:
    """The memory we may use, in MB: the machine's, or what a container is limited to."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in CONTAINER_LIMITS:
        with contextlib.suppress(OSError, ValueError):  # no such limit, or `max`
            memory = min(memory, int(Path(limit).read_text(encoding="utf-8")))
    return memory // 2**20


def _between(low: int, value: int, high: int) -> int:
    return max(low, min(value, high))
