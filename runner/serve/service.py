"""What every request needs: the settings, connections and who may do what on this server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated

import psycopg
from fastapi import Depends, Request
from fastapi.concurrency import contextmanager_in_threadpool
from psycopg import sql
from psycopg_pool import ConnectionPool, PoolTimeout

from runner.database import session
from runner.database.warehouse import CONNECT_TIMEOUT_S, Warehouse
from runner.serve.caching import BodyCache
from runner.serve.catalog import Catalog
from runner.serve.events import Events
from runner.serve.limits import RateLimit
from runner.settings import Settings

# Requests take turns here, and not for a connection in a thread of the pool: threads that wait for connections would
# keep those that have one from their next step. SPARE connections are for looks at tokens, which need no other step.
READERS = 8
SPARE = 2
WRITERS = 2
STATEMENT_TIMEOUT = "5s"
WAIT_FOR_CONNECTION_S = 5.0


@dataclass(frozen=True)
class Proxy:
    """A proxy in front that signs people in.

    Attributes:
        header: The header in which it names them.
        peer: The address that it connects from; the header of others is ignored.
    """

    header: str
    peer: str


@dataclass(frozen=True)
class Service:
    """One server.

    Attributes:
        settings: The project, and the names of schemas.
        warehouse: The database.
        is_local: It listens on a loopback address.
        proxy: The proxy that signs people in, if one does.
        reads: Connections in autocommit mode whose transactions read only.
        writes: Connections in autocommit mode.
        read_slots: As many as requests may read at once.
        write_slots: As many as may write at once.
        rate: How often each token and address may ask.
        catalog: The marts.
        bodies: Answers that took time to make; forgotten when anything was computed or decided.
        events: What listeners hear.
    """

    settings: Settings
    warehouse: Warehouse
    is_local: bool
    proxy: Proxy | None
    reads: ConnectionPool
    writes: ConnectionPool
    events: Events
    read_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READERS))
    write_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(WRITERS))
    rate: RateLimit = field(default_factory=RateLimit)
    catalog: Catalog = field(default_factory=Catalog)
    bodies: BodyCache = field(default_factory=BodyCache)

    def open(self) -> None:
        """Connect."""
        self.reads.open()
        self.writes.open()

    def close(self) -> None:
        """Give the connections back."""
        self.reads.close(timeout=1)
        self.writes.close(timeout=1)

    @contextmanager
    def reading(self) -> Iterator[psycopg.Connection]:
        """A connection in a transaction that only reads, as the role of the var serve_role where there is one."""
        role = self.settings.variables.get("serve_role")
        with self._connection(self.reads) as connection, connection.transaction():
            if role:
                connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
            yield connection

    @contextmanager
    def looking(self) -> Iterator[psycopg.Connection]:
        """A connection for a look at tokens, as the account that fieldlab connects with."""
        with self._connection(self.reads) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[psycopg.Connection]:
        """A connection in autocommit mode."""
        with self._connection(self.writes) as connection:
            yield connection

    @contextmanager
    def _connection(self, pool: ConnectionPool) -> Iterator[psycopg.Connection]:
        try:
            connection = pool.getconn()
        except PoolTimeout:
            self.warehouse.wake()  # the embedded server may have been killed
            raise
        try:
            yield connection
        finally:
            pool.putconn(connection)


def make_service(
    settings: Settings, warehouse: Warehouse, *, is_local: bool = True, proxy: Proxy | None = None
) -> Service:
    """A service whose connections are not open yet."""

    def pool(size: int, *, read_only: bool) -> ConnectionPool:
        def configure(connection: psycopg.Connection) -> None:
            connection.execute(sql.SQL(session.statements(warehouse.lock_timeout)))
            connection.execute("select set_config('statement_timeout', %s, false)", [STATEMENT_TIMEOUT])
            connection.read_only = read_only

        return ConnectionPool(
            warehouse.url,
            kwargs={
                "autocommit": True,
                "application_name": "fieldlab serve",
                "prepare_threshold": None,
                "connect_timeout": CONNECT_TIMEOUT_S,
            },
            min_size=1,
            max_size=size,
            timeout=WAIT_FOR_CONNECTION_S,
            configure=configure,
            check=ConnectionPool.check_connection,
            open=False,
        )

    bodies = BodyCache()
    return Service(
        settings,
        warehouse,
        is_local,
        proxy,
        reads=pool(READERS + SPARE, read_only=True),
        writes=pool(WRITERS + SPARE, read_only=False),
        events=Events(warehouse, bodies.clear),
        bodies=bodies,
    )


def service_of(request: Request) -> Service:
    """The service that a request came to."""
    service: Service = request.app.state.service
    return service


async def read(request: Request) -> AsyncIterator[psycopg.Connection]:
    """Dependency: a connection in a transaction that only reads."""
    service = service_of(request)
    async with service.read_slots, contextmanager_in_threadpool(service.reading()) as connection:
        yield connection


async def write(request: Request) -> AsyncIterator[psycopg.Connection]:
    """Dependency: a connection in autocommit mode, as `lifecycle.take_step` wants it."""
    service = service_of(request)
    async with service.write_slots, contextmanager_in_threadpool(service.writing()) as connection:
        yield connection


# Given back before the answer is sent: somebody who reads slowly holds none.
Reading = Annotated[psycopg.Connection, Depends(read, scope="function")]
Writing = Annotated[psycopg.Connection, Depends(write, scope="function")]
