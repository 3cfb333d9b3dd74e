"""A database in which the demo was run, for every test that only reads it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from databases import fresh_database
from psycopg.rows import dict_row


@dataclass(frozen=True)
class Played:
    """A database in which the demo was run once.

    Attributes:
        environment: In which fieldlab and dbt find it.
        url: Its URL.
        files: The files that were loaded.
        target: dbt's artifacts.
        summary: What `demo --json` printed.
        recommendations: The open ones.
    """

    environment: dict[str, str]
    url: str
    files: Path
    target: Path
    summary: dict[str, Any]
    recommendations: list[dict[str, Any]]

    def fieldlab(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _fieldlab(self.environment, *arguments)


@contextmanager
def play(server_url: str, folder: Path) -> Iterator[Played]:
    """Run the demo in a database of its own, which is gone afterwards."""
    with fresh_database(server_url) as url:
        environment = {
            **os.environ,
            "FIELDLAB_DATABASE_URL": url,
            "FIELDLAB_HOME": str(folder / "home"),
            "DBT_PROFILES_DIR": str(folder),
            "DBT_TARGET_PATH": str(folder / "target"),
        }
        done = _fieldlab(environment, "demo", "--json", "--keep", str(folder / "files"))
        assert done.returncode == 0, done.stderr
        summary = json.loads(done.stdout)
        yield Played(environment, url, folder / "files", folder / "target", summary, open_recommendations(url))


def open_recommendations(url: str) -> list[dict[str, Any]]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(
            "select * from fieldlab_ops.recommendations where status in ('PENDING', 'VIEWED') order by id"
        ).fetchall()


def _fieldlab(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runner", *arguments], capture_output=True, text=True, check=False, env=environment
    )
