"""What a page is: where it is found, what it reads, which template shows it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import psycopg

from runner.settings import Settings
from runner.text import clean

KEY = "/{key}"


@dataclass(frozen=True)
class Ask:
    """What is asked of a page.

    Attributes:
        key: The id at the end of its path, any text; empty where the path has none.
        query: What follows the question mark: each name with its values.
        whole: All of a long list at once: in a file nobody turns pages.
    """

    key: str = ""
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    whole: bool = False

    def one(self, name: str) -> str:
        """The value given last under a name, without blanks around it; empty where there is none."""
        return next(reversed(self.all(name)), "")

    def all(self, name: str) -> Sequence[str]:
        """The values given under a name that are not blank, without control characters."""
        return [value for value in (clean(given).strip() for given in self.query.get(name, ())) if value]


@dataclass(frozen=True)
class Wanted:
    """Which of many things a site is made for.

    Attributes:
        dealers: Ids of dealers; empty is all of them.
        vendor: The id of one vendor of alignment; empty is all of them.
    """

    dealers: Sequence[str] = ()
    vendor: str = ""


Read = Callable[[psycopg.Connection, Settings, Ask], Mapping[str, Any]]
"""Gives the values for a page's template. Raises FieldlabError where there is no such thing, or nothing built yet."""

Listed = Callable[[psycopg.Connection, Settings, Wanted], Iterable[Ask]]
"""Gives every version of a page that a site holds as a file."""


def _itself(_connection: psycopg.Connection, _settings: Settings, _wanted: Wanted) -> Iterable[Ask]:
    return (Ask(),)


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes:
        path: Where it is, such as `/jobs`, or `/items/{key}` for one of many things.
        template: The file in `templates/`.
        read: What it shows.
        listed: The versions of it that a site holds: itself alone, unless it is about one of many things.
    """

    path: str
    template: str
    read: Read
    listed: Listed = _itself

    def url(self, ask: Ask) -> str:
        """Its address on a server."""
        return address(self.path.removesuffix(KEY), *([ask.key] if self.path.endswith(KEY) else []), **ask.query)


def address(path: str, /, *keys: object, **query: object) -> str:
    """A path on a server with ids and a query, percent-encoded.

    Args:
        path: Where to, such as `/items`.
        keys: Ids that follow it; they may hold any character.
        query: Names with a value or several; without None and empty ones.
    """
    whole = "/".join([path, *(quote(str(key), safe="") for key in keys)])
    values = {name: value for name, value in query.items() if value not in (None, "", [], ())}
    return f"{whole}?{urlencode(values, doseq=True)}" if values else whole
