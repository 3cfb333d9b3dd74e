"""Who uses the embedded server, and the watcher that stops it when nobody does.

Three files beside the data folder are locked with flock, which the kernel releases however a process ends:

- `lock`: held by whoever starts or stops the server, for that moment only. Everything is decided under it.
- `users`: held shared by every command for as long as it needs the server.
- `running`: held by the server itself. Its processes inherit it, so it is free only when the last one is gone: no
  process id that a zombie keeps or another program got can say otherwise.

`keep` exists while the server is meant to stay without users (`fieldlab db start`).

This file is also run by its path, as the watcher: a process of its own that outlives a command killed with kill -9. It
needs the standard library alone, so that it starts at once and stays small.
"""

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

WATCH_INTERVAL_S = 0.25
SHUTDOWN_S = 30.0
ABORT_S = 60.0
POLL_S = 0.01


@contextlib.contextmanager
def server_lock(folder: Path) -> Iterator[None]:
    """Hold the `lock`: nobody else starts or stops the server meanwhile."""
    lock = open_lock(folder / "lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def open_lock(path: Path) -> int:
    """Open a lock file, creating it. The descriptor is closed in children unless they are given it."""
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def join_users(folder: Path) -> int:
    """Register as a user of the server, until the returned descriptor is closed. Call under `server_lock`."""
    users = open_lock(folder / "users")
    fcntl.flock(users, fcntl.LOCK_SH)
    return users


def is_used(folder: Path) -> bool:
    """Whether any command uses the server. Call under `server_lock`."""
    return _is_locked(folder / "users", fcntl.LOCK_EX)


def is_running(folder: Path) -> bool:
    """Whether the server, or a process it left behind, is alive."""
    return _is_locked(folder / "running", fcntl.LOCK_SH)


def _is_locked(path: Path, against: int) -> bool:
    if not path.exists():
        return False
    lock = open_lock(path)
    try:
        fcntl.flock(lock, against | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(lock)


def postmaster(folder: Path) -> list[str]:
    """The lines of postmaster.pid: process id, data folder, start, port, …, state; none when there is no such file."""
    try:
        return (folder / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def is_ready(folder: Path, pid: int) -> bool:
    """Whether this server has written that it accepts connections; a killed one's words may still be there."""
    lines = postmaster(folder)
    return lines[:1] == [str(pid)] and lines[7:8] == ["ready   "]


def stop_server(folder: Path) -> bool:
    """End every session and shut the server down. Call under `server_lock`.

    Returns:
        False when it still runs after all.
    """
    (folder / "keep").unlink(missing_ok=True)
    return end_server(folder)


def end_server(folder: Path) -> bool:
    """Ask the server to shut down, and when it does not, make it leave at once; what is committed is kept.

    PostgreSQL never ends when it is asked while it recovers from the death of one of its processes.
    """
    for number, seconds in ((signal.SIGINT, SHUTDOWN_S), (signal.SIGQUIT, ABORT_S)):
        asked: list[str] = []
        deadline = time.monotonic() + seconds
        while is_running(folder) and time.monotonic() < deadline:
            server = postmaster(folder)[:1]
            if server and server != asked:  # one that has just been launched writes its process id a moment later
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(server[0]), number)
                asked = server
            time.sleep(POLL_S)
    return not is_running(folder)


def watch(folder: Path) -> None:
    """Wait until the server that is being started has ended, or stop it once nobody uses it."""
    server: list[str] = []
    # A folder that is being removed must not be given its lock anew.
    while (folder / "lock").exists() and server in ([], postmaster(folder)[:1]):
        with server_lock(folder):  # at first: whoever starts it is done, or was killed
            if not is_running(folder) or (folder / "keep").exists():
                return
            if not is_used(folder):
                stop_server(folder)
                return
            server = server or postmaster(folder)[:1]
        time.sleep(WATCH_INTERVAL_S)


if __name__ == "__main__":
    with contextlib.suppress(OSError):  # the folder was removed: nothing is left to watch
        watch(Path(sys.argv[1]))
