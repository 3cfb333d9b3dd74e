"""Fixtures every test shares: a throw-away PostgreSQL and a fresh database in it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import browser, page  # noqa: F401
from databases import fresh_database
from demo_pages import demo, demo_template  # noqa: F401
from hypothesis import HealthCheck, settings
from played_demo import Played, play

from runner.database.server import EmbeddedServer

# A busy machine is no reason for a property to fail.
settings.register_profile("fieldlab", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fieldlab")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest test begins first, so that no core is idle while it ends."""
    items.sort(key=lambda item: item.path.name != "test_kills.py")


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The libpq URL of a server tests may create databases in: FIELDLAB_TEST_URL, else a throw-away one of our own."""
    given = os.environ.get("FIELDLAB_TEST_URL")
    if given:
        yield given
        return
    folder = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        folder = folder.parent  # the workers share it: the first one starts it, the last one stops it
    with EmbeddedServer(folder / "postgres", durable=False).use() as url:
        yield url


@pytest.fixture
def database_url(server_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A fresh, empty database; the environment points fieldlab at it."""
    with fresh_database(server_url) as url:
        monkeypatch.setenv("FIELDLAB_DATABASE_URL", url)
        monkeypatch.setenv("FIELDLAB_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))  # not the developer's own profile
        monkeypatch.delenv("DBT_TARGET", raising=False)
        yield url


@pytest.fixture(scope="session")
def played(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """A database in which the demo was run; tests leave in it what they found."""
    with play(server_url, tmp_path_factory.mktemp("demo")) as one:
        yield one
