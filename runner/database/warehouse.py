"""The one place that says which database fieldlab works in, and opens it.

It is FIELDLAB_DATABASE_URL, else the target that the user's dbt profile selects, else the embedded server. dbt is
handed the same connection in environment variables (`dbt_environment`), which runner/dbt/profiles/profiles.yml reads.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
from psycopg import pq, sql
from psycopg.conninfo import conninfo_to_dict

from runner.database import session
from runner.database.profile import read_profile
from runner.database.server import EmbeddedServer
from runner.errors import FieldlabError
from runner.settings import Settings

EMBEDDED = "embedded database"
CONNECT_TIMEOUT_S = 10
SOCKET_FOLDERS = ("/var/run/postgresql", "/run/postgresql", "/tmp")  # noqa: S108 - where PostgreSQL puts them
SSL = ("sslmode", "sslrootcert", "sslcert", "sslkey")

# Connection lost, serialization failure, deadlock, too many connections, lock timeout, server starting or stopping.
TRANSIENT_STATES = ("08", "40001", "40P01", "53300", "55P03", "57P01", "57P02", "57P03")
TRANSIENT_WORDS = (
    "connection refused",
    "connection reset",
    "connection timed out",
    "connection timeout expired",
    "timeout expired",
    "connection is closed",
    "connection already closed",
    "connection has been closed",
    "the connection is lost",
    "server closed the connection",
    "could not receive data from server",
    "could not send data to server",
    "terminating connection",
    "could not serialize access",
    "deadlock detected",
    "canceling statement due to lock timeout",
    "too many clients",
    "too many connections",
    "remaining connection slots",
    "the database system is starting up",
    "the database system is shutting down",
    "the database system is in recovery mode",
    "the database system is not yet accepting connections",
)


# How poolers refuse libpq's `options`.
REFUSES_OPTIONS = ("unsupported startup parameter", "command-line options")
# A second connection may by chance be given another server than the one that the first just gave back.
POOLER_TRIES = 3


@dataclass(frozen=True)
class Warehouse:
    """A database to work in.

    Attributes:
        url: A libpq URL any client takes.
        target_schema: The prefix of the schemas dbt builds in.
        threads: How many models dbt builds at a time.
        origin: What decided for it, such as `FIELDLAB_DATABASE_URL`.
        server: The embedded server behind it, if it is that one.
        lock_timeout: How long a statement waits for a lock, as PostgreSQL writes it.
    """

    url: str
    target_schema: str = "fieldlab"
    threads: int = 4
    origin: str = EMBEDDED
    server: EmbeddedServer | None = None
    lock_timeout: str = session.LOCK_TIMEOUT

    @property
    def place(self) -> str:
        """Database, host, port and user in words, without the password."""
        parts = conninfo_to_dict(self.url)
        where = f"{parts.get('host')}:{parts.get('port')}"
        return f"database {parts.get('dbname')} on {where} as user {parts.get('user')}"

    def connect(self, *, autocommit: bool = False, read_only: bool = False) -> psycopg.Connection:
        """Open a connection whose session has the settings of `session` and names itself `fieldlab`.

        Behind a pooler that gives each transaction another session, the connection has one transaction for reading,
        already begun, whatever was asked for: settings would be lost between two, or found by other programs.

        Raises:
            FieldlabError: The server cannot be reached or refuses.
        """
        try:
            connection = self._connect()
        except psycopg.OperationalError as error:
            raise FieldlabError(
                f"No connection to {self.place}: {_reason(error)}",
                f"Named by {self.origin}. Is the server up, and are user, password and database right?",
            ) from error
        if not _is_pooled(connection):
            connection.autocommit, connection.read_only = autocommit, read_only
        elif self.pools_transactions:
            connection.autocommit, connection.read_only = False, True
            connection.execute(sql.SQL(session.statements(self.lock_timeout, local=True)))
        else:
            connection.execute(sql.SQL(session.statements(self.lock_timeout)))
            connection.autocommit, connection.read_only = autocommit, read_only
        return connection

    @cached_property
    def pools_transactions(self) -> bool:
        """Whether a pooler gives each transaction another session: neither a lock nor a setting outlives one there."""
        for _ in range(POOLER_TRIES):
            with closing(self._connect()) as first, closing(self._connect()) as second:
                try:
                    with first.transaction():
                        before = _backend(first)
                    with second.transaction():
                        if _backend(second) == before:
                            return True
                except psycopg.errors.DatabaseError as error:
                    if "transaction" not in str(error):  # a pooler that gives each statement another session says so
                        raise
                    return True
        return False

    def refuse_transaction_pooler(self) -> None:
        """Refuse to write through a pooler that gives each transaction another session.

        Raises:
            FieldlabError: There is such a pooler.
        """
        with closing(self.connect()) as connection:
            if _is_pooled(connection) and self.pools_transactions:
                raise FieldlabError(
                    f"The {self.place} is reached through a pooler that gives each transaction another session "
                    "(pgbouncer with pool_mode = transaction is one). The lock that keeps runs apart would be lost.",
                    "Name the server itself, or a pool with pool_mode = session, in FIELDLAB_DATABASE_URL or the "
                    "profile. Commands that only read work through this pooler.",
                )

    def wake(self) -> None:
        """Start the embedded server again if it was killed; a server of one's own is left to itself."""
        if self.server is not None:
            self.server.revive()

    def _connect(self) -> psycopg.Connection:
        try:
            return self._connect_once()
        except psycopg.OperationalError as error:
            if self.server is None or not is_transient(error):
                raise
            self.wake()
        return self._connect_once()

    def _connect_once(self) -> psycopg.Connection:
        try:
            return self._session(self.options)
        except psycopg.OperationalError as error:
            if not any(words in str(error) for words in REFUSES_OPTIONS):
                raise
        return self._session("")

    def _session(self, options: str) -> psycopg.Connection:
        # Statements prepared on one session are unknown, or others, on the next that a pooler gives.
        return psycopg.connect(
            self.url,
            autocommit=True,
            application_name="fieldlab",
            connect_timeout=conninfo_to_dict(self.url).get("connect_timeout") or CONNECT_TIMEOUT_S,
            prepare_threshold=None,
            options=options,
        )

    @property
    def options(self) -> str:
        """What libpq is given as options: the user's own, then what every session of ours sets."""
        own = conninfo_to_dict(self.url).get("options") or os.environ.get("PGOPTIONS", "")
        return f"{own} {session.options(self.lock_timeout)}".strip()

    def dbt_environment(self) -> Mapping[str, str]:
        """The FIELDLAB_PG… variables that the dbt profile reads, and the settings of its sessions."""
        parts = {name: str(value) for name, value in conninfo_to_dict(self.url).items()}
        return {
            "FIELDLAB_PGHOST": parts["host"],
            "FIELDLAB_PGPORT": parts["port"],
            "FIELDLAB_PGUSER": parts["user"],
            "FIELDLAB_PGPASSWORD": parts.get("password", ""),
            "FIELDLAB_PGDATABASE": parts["dbname"],
            "FIELDLAB_PGSCHEMA": self.target_schema,
            "FIELDLAB_PGTHREADS": str(self.threads),
            "FIELDLAB_PGROLE": role[1] if (role := re.search(r"-c role=(\S+)", parts.get("options", ""))) else "",
            **{f"FIELDLAB_PG{name.upper()}": parts.get(name, "") for name in SSL},
            "PGOPTIONS": self.options,
        }


@contextmanager
def open_warehouse(settings: Settings) -> Iterator[Warehouse]:
    """Give the database to work in; the embedded server runs for as long as it is open.

    Raises:
        FieldlabError: No database can be reached.
    """
    configured = configured_warehouse(settings)
    if configured:
        yield configured
        return
    lock_timeout = settings.lock_timeout  # asked first, so that a wrong var is refused before the server starts
    server = embedded_server(settings)
    with server.use() as url:
        yield Warehouse(url, settings.target_schema, settings.threads, EMBEDDED, server, lock_timeout)


def configured_warehouse(settings: Settings) -> Warehouse | None:
    """The server that the user chose instead of the embedded one, if any.

    Raises:
        FieldlabError: FIELDLAB_DATABASE_URL or the profile cannot be used.
    """
    url = os.environ.get("FIELDLAB_DATABASE_URL")
    if url:
        parts, origin = _parse(url), "FIELDLAB_DATABASE_URL"
    else:
        profile = read_profile(settings.project_dir)
        if profile is None or profile.is_embedded:
            return None
        parts, origin = _from_profile(profile.connection()), f"target {profile.target} in {profile.file}"
    url = _url(_complete(parts))
    return Warehouse(url, settings.target_schema, settings.threads, origin, lock_timeout=settings.lock_timeout)


def _backend(connection: psycopg.Connection) -> int:
    row = connection.execute("select pg_catalog.pg_backend_pid()").fetchone()
    return int(row[0]) if row else 0


def _is_pooled(connection: psycopg.Connection) -> bool:
    """Whether a pooler between us and the server hides the session, or leaves out our options."""
    query = "select pg_catalog.pg_backend_pid(), pg_catalog.current_setting('search_path')"
    return connection.execute(query).fetchone() != (connection.info.backend_pid, "")


def embedded_server(settings: Settings) -> EmbeddedServer:
    """The server in fieldlab's own folder."""
    return EmbeddedServer(settings.home / "postgres")


def is_transient(error: BaseException | str) -> bool:
    """Whether the same may well succeed when it is tried again in a moment.

    Args:
        error: An exception, judged with what caused it, or the words that dbt reports.
    """
    if isinstance(error, str):
        words = error.lower()
        return any(word in words for word in TRANSIENT_WORDS)
    if isinstance(error, psycopg.Error) and error.sqlstate:
        return error.sqlstate.startswith(TRANSIENT_STATES)
    if isinstance(error, psycopg.OperationalError):
        return is_transient(str(error))
    return error.__cause__ is not None and is_transient(error.__cause__)


_SET_ROLE = "-c role="


def _from_profile(values: Mapping[str, object]) -> dict[str, str]:
    names = {"host": "host", "port": "port", "user": "user", "password": "password", "database": "dbname"}
    names |= {name: name for name in SSL}
    parts = {libpq: str(values[dbt]) for dbt, libpq in names.items() if values.get(dbt) not in (None, "")}
    if values.get("role"):
        parts["options"] = f"{_SET_ROLE}{values['role']}"
    return parts


def _parse(url: str) -> dict[str, str]:
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except (psycopg.Error, UnicodeError):  # their words may hold the password
        raise FieldlabError(
            "FIELDLAB_DATABASE_URL is not a URL that PostgreSQL understands.",
            "It looks like postgresql://user:password@host:5432/database.",
        ) from None
    if "@" in parts.get("host", ""):  # not shown: it is the rest of a password
        raise FieldlabError(
            "FIELDLAB_DATABASE_URL has an @ too many.", "Write each @ in the user or the password as %40."
        )
    if not re.fullmatch(r"\d{1,4}", parts.get("connect_timeout", "0")):
        raise FieldlabError(
            f"The connect_timeout {parts['connect_timeout']!r} in FIELDLAB_DATABASE_URL is no number of seconds.",
            "Write it as connect_timeout=10.",
        )
    return parts


def _complete(parts: Mapping[str, str]) -> dict[str, str]:
    """Fill in what libpq would take from its environment, so that dbt and every client see the same connection."""
    known = {
        option.keyword.decode(): option.val.decode() for option in pq.Conninfo.get_defaults() if option.val is not None
    }
    names = ("host", "port", "user", "password", "dbname", *SSL)
    completed = {name: known[name] for name in names if name in known} | dict(parts)
    if completed.get("sslmode") == "prefer":  # the default, for every client
        del completed["sslmode"]
    completed.setdefault("dbname", completed["user"])
    if not completed.get("host"):
        completed["host"] = completed.get("hostaddr") or _local_host(completed["port"])
    return completed


def _local_host(port: str) -> str:
    sockets = (folder for folder in SOCKET_FOLDERS if Path(folder, f".s.PGSQL.{port}").exists())
    return next(sockets, "localhost")


def _url(parts: Mapping[str, str]) -> str:
    """Write connection parts as a URL; a socket folder as host goes into the query."""
    main = ("user", "password", "host", "port", "dbname")
    host = parts["host"]
    rest = {name: value for name, value in parts.items() if name not in main}
    if host.startswith("/"):
        rest, host = {"host": host, "port": parts["port"], **rest}, ""
    elif ":" in host:
        host = f"[{host}]"
    user = quote(parts["user"], safe="")
    if parts.get("password"):
        user += ":" + quote(parts["password"], safe="")
    where = f"{host}:{parts['port']}" if host else ""
    query = f"?{urlencode(rest, quote_via=quote)}" if rest else ""
    return f"postgresql://{user}@{where}/{quote(parts['dbname'], safe='')}{query}"


def _reason(error: psycopg.OperationalError) -> str:
    """The first thing that went wrong, on one line."""
    lines = [line.strip(" -\t") for line in str(error).splitlines() if line.strip()]
    wrong = [line for line in lines if "failed:" in line or "error" in line]
    return (wrong or lines or ["it did not say why"])[0].rpartition("failed: ")[2]
