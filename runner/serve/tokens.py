"""Tokens of the API: made once, stored as a hash, checked at each request."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import dict_row

from runner.database.query import query
from runner.errors import FieldlabError, NotFoundError
from runner.lookup import closest, either
from runner.settings import Settings

PREFIX = "flab_"
RANDOM_BYTES = 32
SCOPES = ("read", "write", "admin")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}")
# `last used` is to the minute: not every request writes.
LAST_USED_EVERY = timedelta(minutes=1)


class Holder(NamedTuple):
    """Whose token it is, and when that was last written down."""

    name: str
    scope: str
    last_used_at: datetime | None


def create_token(connection: psycopg.Connection, settings: Settings, name: str, scope: str, days: int | None) -> str:
    """Make a token; it is not stored and cannot be shown again.

    Args:
        connection: The warehouse.
        settings: Names the schema.
        name: Who does what is done with it.
        scope: One of `SCOPES`; each includes those before it.
        days: It expires after so many; None is never.

    Raises:
        FieldlabError: The name is taken, or cannot be one.
    """
    if not NAME.fullmatch(name):
        raise FieldlabError(
            f"{name!r} cannot be a token's name.",
            "Use up to 63 letters, digits, dots, dashes, underscores and @, beginning with a letter or digit.",
        )
    token = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    lifetime = None if days is None else timedelta(days=days)
    try:
        connection.execute(
            query(settings, _CREATE), {"name": name, "hash": hashed(token), "scope": scope, "lifetime": lifetime}
        )
    except psycopg.errors.UniqueViolation:
        raise FieldlabError(
            f"There is a token {name} already.", "Choose another name; a revoked token keeps its own for the record."
        ) from None
    return token


def list_tokens(connection: psycopg.Connection, settings: Settings) -> list[dict[str, Any]]:
    """All tokens with `state`: valid, expired or revoked; the newest first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query(settings, _LIST)).fetchall()


def revoke_token(connection: psycopg.Connection, settings: Settings, name: str) -> None:
    """Make a token useless from now on.

    Raises:
        NotFoundError: There is none of this name that is not revoked.
    """
    if connection.execute(query(settings, _REVOKE), {"name": name}).rowcount:
        return
    names = [row["name"] for row in list_tokens(connection, settings) if row["state"] != "revoked"]
    raise NotFoundError(
        f"There is no token {name} to revoke.",
        f"Did you mean {either(closest(name, names))}?" if names else "There is none at all.",
    )


def find_holder(connection: psycopg.Connection, settings: Settings, token: str) -> Holder | None:
    """Who a valid token belongs to; None for any other text."""
    wanted = hashed(token)
    row = connection.execute(query(settings, _FIND), {"hash": wanted}).fetchone()
    if row is None or not hmac.compare_digest(row[0], wanted):
        return None
    return Holder(*row[1:])


def note_use(connection: psycopg.Connection, settings: Settings, name: str) -> None:
    """Write down that a token was used."""
    connection.execute(query(settings, _USED), {"name": name})


def any_token(connection: psycopg.Connection, settings: Settings, *, valid: bool = False) -> bool:
    """Whether a token was ever made; `valid`: whether one can be used now."""
    statement = _ANY_VALID if valid else _ANY
    return connection.execute(query(settings, statement)).fetchone() is not None


def hashed(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).digest()


def includes(scope: str, needed: str) -> bool:
    """Whether a scope allows what needs another."""
    return SCOPES.index(scope) >= SCOPES.index(needed)


_CREATE = """
    insert into {ops}.api_tokens (name, token_hash, scope, expires_at)
    values (%(name)s, %(hash)s, %(scope)s, now() + %(lifetime)s::interval)
"""

_LIST = """
    select
        name, scope, created_at, expires_at, last_used_at, revoked_at,
        case when revoked_at is not null then 'revoked' when expires_at <= now() then 'expired' else 'valid' end
            as state
    from {ops}.api_tokens
    order by created_at desc, name
"""

_REVOKE = "update {ops}.api_tokens set revoked_at = now() where name = %(name)s and revoked_at is null"

_FIND = """
    select token_hash, name, scope, last_used_at
    from {ops}.api_tokens
    where token_hash = %(hash)s and revoked_at is null and (expires_at is null or expires_at > now())
"""

_USED = "update {ops}.api_tokens set last_used_at = now() where name = %(name)s"

_ANY = "select from {ops}.api_tokens limit 1"

_ANY_VALID = """
    select from {ops}.api_tokens where revoked_at is null and (expires_at is null or expires_at > now()) limit 1
"""
