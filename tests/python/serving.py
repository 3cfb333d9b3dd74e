"""What tests of the web service share: the application on a database, asked by a client as uvicorn would."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.testclient import TestClient

from runner.database.migrate import ensure
from runner.database.warehouse import open_warehouse
from runner.serve.app import create_app
from runner.serve.tokens import create_token
from runner.settings import load_settings

LOCAL = "http://127.0.0.1:8000"


@contextmanager
def serving(**options: Any) -> Iterator[TestClient]:
    """A client of the application on the database that the environment names."""
    settings = load_settings()
    with open_warehouse(settings) as warehouse:
        with warehouse.connect() as connection:
            ensure(connection, settings)
        app = create_app(settings, warehouse, **options)
        with TestClient(app, LOCAL, client=("127.0.0.1", 50000), follow_redirects=False) as client:
            yield client


def make_token(name: str = "ana", scope: str = "read", days: int | None = None) -> dict[str, str]:
    """A new token, as the header that carries it."""
    settings = load_settings()
    with open_warehouse(settings) as warehouse, warehouse.connect() as connection:
        ensure(connection, settings)
        return {"Authorization": f"Bearer {create_token(connection, settings, name, scope, days)}"}
