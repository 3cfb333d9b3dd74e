"""What PostgreSQL notifies on the channel `fieldlab`, passed on to everybody who listens here."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus

import psycopg
from psycopg import sql

from runner.database import session
from runner.database.warehouse import CONNECT_TIMEOUT_S, Warehouse
from runner.ops.events import CHANNEL
from runner.serve.problems import Problem

MOST_LISTENERS = 100
# A listener that is this far behind is let go.
MOST_WAITING = 1_000
HEARTBEAT_S = 15.0
RECONNECT_AFTER_S = 2.0

log = logging.getLogger(__name__)


class Events:
    """One connection that listens, and the queues of those it is passed on to.

    Args:
        warehouse: The database.
        on_event: Called at each event, and when some may have been missed.
    """

    def __init__(self, warehouse: Warehouse, on_event: Callable[[], None]) -> None:
        self._warehouse = warehouse
        self._on_event = on_event
        self._listeners: set[asyncio.Queue[str | None]] = set()
        self._task: asyncio.Task[None] | None = None

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def start(self) -> None:
        """Begin to listen, in the running event loop."""
        self._task = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """End every stream and the connection."""
        for queue in self._listeners:
            with contextlib.suppress(asyncio.QueueFull):
                queue.put_nowait(None)
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def subscribe(self) -> AsyncIterator[str]:
        """A stream of events as text/event-stream has them, with a comment now and then.

        Raises:
            Problem: 503 where too many listen.
        """
        if len(self._listeners) >= MOST_LISTENERS:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, f"{MOST_LISTENERS} listen already.")
        return self._stream()

    async def _stream(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str | None] = asyncio.Queue(MOST_WAITING)
        self._listeners.add(queue)
        try:
            yield ": listening\n\n"
            while True:
                try:
                    payload = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if payload is None:
                    return
                yield "".join(f"data: {line}\n" for line in payload.splitlines() or [""]) + "\n"
        finally:
            self._listeners.discard(queue)

    async def _listen(self) -> None:
        while True:
            try:
                async with await self._connect() as connection:
                    await connection.execute(sql.SQL(session.statements()))
                    await connection.execute(sql.SQL("listen {}").format(sql.Identifier(CHANNEL)))
                    self._on_event()
                    async for notify in connection.notifies():
                        self._on_event()
                        self._pass_on(notify.payload)
            except psycopg.Error as error:
                log.warning("Events are not heard for a moment: %s", str(error).strip())
            await asyncio.sleep(RECONNECT_AFTER_S)

    async def _connect(self) -> psycopg.AsyncConnection[tuple[object, ...]]:
        return await psycopg.AsyncConnection.connect(
            self._warehouse.url,
            autocommit=True,
            application_name="fieldlab serve",
            connect_timeout=CONNECT_TIMEOUT_S,
        )

    def _pass_on(self, payload: str) -> None:
        for queue in list(self._listeners):
            try:
                queue.put_nowait(payload)
            except asyncio.QueueFull:
                self._listeners.discard(queue)
                queue.get_nowait()  # room for the end of the stream
                queue.put_nowait(None)
