"""Databases to test in."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict


@contextmanager
def fresh_database(server_url: str, name: str = "") -> Iterator[str]:
    """Make an empty database, which is gone afterwards.

    Args:
        server_url: The server to make it on.
        name: Its name, where that matters; what had it is dropped.

    Yields:
        Its URL.
    """
    name = name or f"test_{secrets.token_hex(6)}"
    parts = conninfo_to_dict(server_url)
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'drop database if exists "{name}" with (force)')
        admin.execute(f'create database "{name}"')
    yield f"postgresql://{parts['user']}:{parts.get('password', '')}@{parts['host']}:{parts['port']}/{name}"
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'drop database "{name}" with (force)')
