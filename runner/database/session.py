"""What every session of ours sets, so that neither a role's settings nor what others put into `public` matters."""

import re
from collections.abc import Mapping

LOCK_TIMEOUT = "60s"

# With an empty search_path nothing but pg_catalog is searched: a function of ours that somebody made in `public`
# under a name we call, even with arguments that fit better, is never called.
SETTINGS: Mapping[str, str] = {
    "search_path": "",
    "timezone": "UTC",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "client_encoding": "UTF8",
    "standard_conforming_strings": "on",
    "extra_float_digits": "1",
    "transform_null_equals": "off",
    "default_transaction_isolation": "read committed",
}


def settings(lock_timeout: str = LOCK_TIMEOUT) -> Mapping[str, str]:
    """The settings by name."""
    return {**SETTINGS, "lock_timeout": lock_timeout}


def options(lock_timeout: str = LOCK_TIMEOUT) -> str:
    """The settings as libpq's `options` and PGOPTIONS take them; they hold before the first statement."""
    return " ".join(f"-c {name}={_escaped(value)}" for name, value in settings(lock_timeout).items())


def statements(lock_timeout: str = LOCK_TIMEOUT, *, local: bool = False) -> str:
    """The settings as statements, for a pooler that takes no options; `local` holds for one transaction."""
    scope = "local " if local else ""
    return "; ".join(f"set {scope}{name} = '{value}'" for name, value in settings(lock_timeout).items())


def _escaped(value: str) -> str:
    return re.sub(r"([\\\s])", r"\\\1", value)
