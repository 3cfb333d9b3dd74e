"""One command that writes at a time: a lock in the database, held by a session, so that it ends with the process."""

import os
import socket
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import psycopg

from runner.database.warehouse import Warehouse
from runner.errors import BusyError
from runner.ops.retry import with_retries
from runner.settings import Settings

# The lock's key is a 64-bit hash; pg_locks shows its halves.
HOLDERS = """
    select activity.application_name, activity.backend_start
    from pg_catalog.pg_locks as locks
    inner join pg_catalog.pg_stat_activity as activity using (pid)
    where
        locks.locktype = 'advisory'
        and locks.granted
        and locks.objsubid = 1
        and locks.database = (select oid from pg_catalog.pg_database where datname = current_database())
        and (cast(locks.classid as bigint) << 32) | cast(locks.objid as bigint) = hashtextextended(%s, 0)
"""


class RunLock:
    """Held from entering to leaving by load, run, backfill, demo and restore: none of them overlaps another.

    PostgreSQL gives it back when the session ends, however the process ended. It may be entered again while it is held.

    Args:
        warehouse: The database; a pooler that gives each transaction another session is refused.
        settings: Installations with schemas of other names have locks of their own.
        command: Who holds it, for those who have to wait: `load`, `run`, ….
        wait: How many seconds to wait for it; 0 is refused at once.
    """

    def __init__(self, warehouse: Warehouse, settings: Settings, command: str = "run", *, wait: int = 0) -> None:
        self._warehouse = warehouse
        self._settings = settings
        self._command = command
        self._wait = wait
        self._connection: psycopg.Connection | None = None
        self._entered = 0

    def __enter__(self) -> Self:
        if not self._entered:
            with_retries(self._acquire)
        self._entered += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered -= 1
        if not self._entered:
            self._release()

    def hold(self) -> None:
        """Make sure it is still held: a lost session is replaced, unless another command came first.

        Raises:
            BusyError: Another command has it now.
            psycopg.OperationalError: The database cannot be reached.
        """
        try:
            if self._connection is not None:
                self._connection.execute("select 1")
                return
        except psycopg.OperationalError:
            self._release()
        self._acquire()

    def _acquire(self) -> None:
        self._warehouse.refuse_transaction_pooler()
        with ExitStack() as on_failure:
            connection = on_failure.enter_context(self._warehouse.connect(autocommit=True))
            # It waits idle for hours; the server notices by itself when the machine at this end is gone.
            connection.execute("set idle_session_timeout = 0; set tcp_keepalives_idle = 60")
            name = f"fieldlab {self._command}, process {os.getpid()} on {socket.gethostname()}"
            connection.execute("select set_config('application_name', %s, false)", [name])
            if not self._take(connection):
                raise _taken(connection, self._settings)
            on_failure.pop_all()
        self._connection = connection

    def _take(self, connection: psycopg.Connection) -> bool:
        key = lock_name(self._settings)
        if not self._wait:
            row = connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", [key]).fetchone()
            return bool(row and row[0])
        connection.execute("select set_config('lock_timeout', %s, false)", [f"{self._wait}s"])
        try:
            connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [key])
        except psycopg.errors.LockNotAvailable:
            return False
        return True

    def _release(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def lock_name(settings: Settings) -> str:
    """What the lock's key is a hash of."""
    return f"{settings.schema('ops')} run"


def is_held(connection: psycopg.Connection, settings: Settings) -> bool:
    """Whether any session holds the lock."""
    return connection.execute(HOLDERS, [lock_name(settings)]).fetchone() is not None


def _taken(connection: psycopg.Connection, settings: Settings) -> BusyError:
    hint = "Wait for it to end, or let --wait SECONDS do that; `fieldlab jobs` shows runs."
    holder = connection.execute(HOLDERS, [lock_name(settings)]).fetchone()
    if holder is None:
        return BusyError("Another command that writes has just ended.", "Try again.")
    name, since = holder
    return BusyError(
        f"Another run is under way: {name or 'a session of another user'}"
        f"{f', since {since:%Y-%m-%d %H:%M:%S} UTC' if since else ''}.",
        hint,
    )
