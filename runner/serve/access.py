"""Who asks, and what they may do."""

import getpass
import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from fastapi import Depends, Request

from runner.serve.limits import PER_MINUTE
from runner.serve.problems import Problem
from runner.serve.service import Service, service_of
from runner.serve.tokens import LAST_USED_EVERY, any_token, find_holder, includes, note_use

COOKIE = "fieldlab_token"
# People whom a proxy signs in act on recommendations; they start no runs.
PROXIED_SCOPE = "write"


class Actor(NamedTuple):
    """Who asks.

    Attributes:
        name: What `_by` is: the token's name, or the person's.
        scope: What they may do: read, write or admin.
        signed_in: They came with a token in a cookie, and can sign out.
    """

    name: str
    scope: str
    signed_in: bool = False

    def may(self, scope: str) -> bool:
        """Whether they may do what needs this scope."""
        return includes(self.scope, scope)


def actor(request: Request) -> Actor:
    """Dependency: who asks. They are counted against the rate limit.

    Raises:
        Problem: 401 without a valid token, 421 for a Host that is not this machine, 429 for too many requests.
    """
    known = getattr(request.state, "actor", None)
    if known is None:
        known = request.state.actor = _identify(request)
    found: Actor = known
    return found


def needs(scope: str) -> Callable[[Request], Actor]:
    """A dependency: who asks, if they have this scope.

    Raises:
        Problem: 403 where they do not, and what `actor` raises.
    """

    def allowed(request: Request) -> Actor:
        found = actor(request)
        if not found.may(scope):
            raise Problem(HTTPStatus.FORBIDDEN, f"This needs the scope {scope}; {found.name} has {found.scope}.")
        return found

    return allowed


Reader = Annotated[Actor, Depends(needs("read"))]
Writer = Annotated[Actor, Depends(needs("write"))]
Admin = Annotated[Actor, Depends(needs("admin"))]


def is_local_address(text: str) -> bool:
    """Whether an address or name is a loopback one."""
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return text.lower() == "localhost"


def is_local_host(request: Request) -> bool:
    """Whether the Host header names this machine: a name that others control may lead here too (DNS rebinding)."""
    try:
        name = urlsplit(f"//{request.headers.get('host', '')}").hostname
    except ValueError:
        return False
    return is_local_address(name or "")


def check_token(request: Request, token: str) -> Actor:
    """Who a token belongs to; the attempt is counted.

    Raises:
        Problem: 401 where it is not valid, 429 for too many attempts.
    """
    address = request.client.host if request.client else ""
    _count(service_of(request), "", address)
    return _holder(service_of(request), token, from_cookie=True)


def _identify(request: Request) -> Actor:
    service = service_of(request)
    address = request.client.host if request.client else ""
    try:
        token, from_cookie = _token(request)
        found = _holder(service, token, from_cookie=from_cookie) if token else _without_token(request, service, address)
    except Problem:
        _count(service, "", address)
        raise
    _count(service, found.name, address)
    return found


def _token(request: Request) -> tuple[str | None, bool]:
    given = request.headers.get("authorization")
    if given is None:
        return request.cookies.get(COOKIE), True
    kind, _, token = given.partition(" ")
    if kind.lower() != "bearer":
        if service_of(request).proxy is not None:  # how the proxy in front signs people in
            return None, False
        raise _unauthorized("The header Authorization must read `Bearer flab_…`.")
    return token.strip(), False


def _holder(service: Service, token: str, *, from_cookie: bool) -> Actor:
    with service.looking() as connection:
        holder = find_holder(connection, service.settings, token)
    if holder is None:
        raise _unauthorized("The token is unknown, expired or revoked.", error="invalid_token")
    if holder.last_used_at is None or datetime.now(UTC) - holder.last_used_at > LAST_USED_EVERY:
        with service.writing() as connection:
            note_use(connection, service.settings, holder.name)
    return Actor(holder.name, holder.scope, from_cookie)


def _without_token(request: Request, service: Service, address: str) -> Actor:
    """Whoever a trusted proxy names, or, on loopback as long as no token was made, the account that runs the server."""
    if service.proxy is not None:
        name = request.headers.get(service.proxy.header, "").strip() if address == service.proxy.peer else ""
        if name:
            return Actor(name, PROXIED_SCOPE)
        raise _unauthorized("The proxy in front named nobody.")
    if not service.is_local or _tokens_are_used(service):
        raise _unauthorized("A token is needed: `fieldlab token create NAME --scope read` makes one.")
    if not is_local_host(request):
        raise Problem(HTTPStatus.MISDIRECTED_REQUEST, "Without tokens this server answers to localhost only.")
    return Actor(account_name(), "admin")


def _tokens_are_used(service: Service) -> bool:
    with service.looking() as connection:
        return any_token(connection, service.settings)


def account_name() -> str:
    """The name of the account that runs the server."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return "fieldlab"


def _count(service: Service, name: str, address: str) -> None:
    seconds = service.rate.wait((name, address))
    if seconds:
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"That is more than {PER_MINUTE} requests in a minute.",
            headers={"Retry-After": str(int(seconds) + 1)},
        )


def _unauthorized(detail: str, error: str = "") -> Problem:
    challenge = 'Bearer realm="fieldlab"' + (f', error="{error}"' if error else "")
    return Problem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": challenge})
