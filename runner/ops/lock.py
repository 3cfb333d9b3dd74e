"""One run at a time: a lock in the database, held by a session, so that it goes when the process does."""

from contextlib import ExitStack
from types import TracebackType
from typing import Self

import psycopg

from runner.database.warehouse import Warehouse
from runner.errors import FieldlabError
from runner.ops import runs
from runner.settings import Settings


class RunLock:
    """Held from entering to leaving; a second run is refused and told who holds it.

    PostgreSQL gives it back when the session ends, however the process ended.
    """

    def __init__(self, warehouse: Warehouse, settings: Settings) -> None:
        self._warehouse = warehouse
        self._settings = settings
        self._connection: psycopg.Connection | None = None

    def __enter__(self) -> Self:
        self._acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def hold(self) -> None:
        """Make sure it is still held: a lost session is replaced, unless another run came first.

        Raises:
            FieldlabError: Another run has it now.
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
        with ExitStack() as on_failure:
            connection = on_failure.enter_context(self._warehouse.connect(autocommit=True))
            connection.execute("set idle_session_timeout = 0")
            name = f"{self._settings.schema('ops')} run"
            row = connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", [name]).fetchone()
            if row is None or not row[0]:
                raise _taken(connection, self._settings)
            on_failure.pop_all()
        self._connection = connection

    def _release(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _taken(connection: psycopg.Connection, settings: Settings) -> FieldlabError:
    holder = runs.running(connection, settings)
    if holder is None:
        return FieldlabError("Another run is just starting.", "Wait for it to end; `fieldlab jobs` shows it.")
    return FieldlabError(
        f"Another run is under way: `fieldlab {holder['job']}` {holder['run_id']}, process {holder['pid']} on "
        f"{holder['host']}, since {holder['started_at']:%Y-%m-%d %H:%M:%S} UTC.",
        "Wait for it to end; `fieldlab jobs` shows it.",
    )
