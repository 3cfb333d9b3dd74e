"""The demo's data behind a server of its own, for tests that open pages in a browser."""

import fcntl
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from browser import SECONDS
from psycopg.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from playwright.sync_api import Page


@dataclass(frozen=True)
class Demo:
    """A database with the demo's data and a server on it.

    Attributes:
        environment: What points fieldlab at the database.
        url: Its libpq URL.
        base: Where the server is, without a slash at the end.
    """

    environment: dict[str, str]
    url: str
    base: str

    def fieldlab(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return fieldlab(self.environment, *arguments)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement, values).fetchall()


def fieldlab(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runner", *arguments], capture_output=True, text=True, check=False, env=environment
    )


@pytest.fixture(scope="session")
def demo_template(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with the demo's data, made by the first worker that asks; to be copied."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", secrets.token_hex(6))
    base = tmp_path_factory.getbasetemp()
    lock = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "demo_pages.lock"
    name = f"demo_{run[:12]}"
    with _held(lock), psycopg.connect(server_url, autocommit=True) as admin:
        if admin.execute("select from pg_database where datname = %s", [name]).fetchone() is None:
            admin.execute(f'create database "{name}"')
            done = fieldlab(_environment(server_url, name, tmp_path_factory.mktemp("demo")), "demo", "--json")
            assert done.returncode == 0, done.stderr
    yield name
    with _held(lock), psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'drop database if exists "{name}" with (force)')


@pytest.fixture(scope="module")
def demo(server_url: str, demo_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A copy of the demo's data, to be changed at will, and a server on it."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'create database "{name}" template "{demo_template}"')
    folder = tmp_path_factory.mktemp("served")
    environment = _environment(server_url, name, folder)
    with serving_at(environment, folder / "log") as base:
        yield Demo(environment, environment["FIELDLAB_DATABASE_URL"], base)
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'drop database "{name}" with (force)')


@contextmanager
def serving_at(environment: dict[str, str], log: Path) -> Iterator[str]:
    """Run `fieldlab serve` on a free port; gives its address.

    Args:
        environment: What points it at a database.
        log: Where it writes what it does.
    """
    command = [sys.executable, "-m", "runner", "serve", "--port", "0"]
    with log.open("w") as file, subprocess.Popen(command, stdout=file, stderr=file, env=environment) as server:
        deadline = time.monotonic() + SECONDS
        while not (found := re.search(r"http://\S+:\d+", log.read_text(encoding="utf-8"))):
            assert server.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.1)
        try:
            yield found[0]
        finally:
            server.terminate()
            server.wait(SECONDS)


def accessibility_faults(page: "Page") -> list[str]:
    """What axe finds wrong with the page that is shown."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - only with a browser

    found = Axe().run(page).response["violations"]
    return [f"{fault['id']}: {node['html'][:120]}" for fault in found for node in fault["nodes"]]


def _environment(server_url: str, name: str, folder: Path) -> dict[str, str]:
    parts = conninfo_to_dict(server_url)
    return {
        **os.environ,
        "FIELDLAB_DATABASE_URL": f"postgresql://{parts['user']}:{parts.get('password', '')}"
        f"@{parts['host']}:{parts['port']}/{name}",
        "FIELDLAB_HOME": str(folder / "home"),
        "DBT_PROFILES_DIR": str(folder),
    }


@contextmanager
def _held(file: Path) -> Iterator[None]:
    with file.open("w") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
