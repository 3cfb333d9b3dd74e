"""What the pages about vendors, branches and items share: long lists, and finding one of them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, LiteralString, NamedTuple

import psycopg

from runner.lookup import Called, choose
from runner.serve.pages.page import Ask, Wanted
from runner.serve.pages.reads import page_of, rows
from runner.settings import Settings

LISTED = 50

# The items that have files in a site: those with the most spending.
TOP_ITEMS = """
    select item_id as key
    from {procurement}.item_standing
    order by spend_rank, item_id
    limit 100
"""


class Subject(NamedTuple):
    """A vendor or a branch: its number, and its name, which its database may not know."""

    key: int
    name: str | None


def read_list(
    path: str, statement: LiteralString, connection: psycopg.Connection, settings: Settings, ask: Ask
) -> Mapping[str, Any]:
    """A list of vendors, branches or items: the largest first, those with a text in their name, a page of them."""
    wanted, number = ask.one("q"), page_of(ask.one("page"))
    found = rows(connection, settings, statement, wanted=wanted.casefold(), first=(number - 1) * LISTED, limit=LISTED)
    count = found[0]["in_all"] if found else 0
    return {
        "title": path[1:].capitalize(),
        "path": path,
        "has_share": path != "/branches",
        "found": found,
        "count": count,
        "largest": max((one["total_amount"] or 0 for one in found), default=0),
        "wanted": wanted,
        "number": number,
        "pages": -(-count // LISTED),
        "first": (number - 1) * LISTED,
    }


def find(
    connection: psycopg.Connection,
    settings: Settings,
    kind: str,
    text: str,
    queries: tuple[LiteralString, LiteralString],
) -> Subject:
    """The vendor or branch with this number or name.

    Raises:
        AmbiguousError: Several have this name.
        NotFoundError: There is none.
    """
    return choose(
        kind,
        text,
        [Subject(one["key"], one["name"]) for one in rows(connection, settings, queries[0], text=text)],
        lambda one: Called(str(one.key), one.name or ""),
        lambda: [one["name"] for one in rows(connection, settings, queries[1]) if one["name"]],
    )


def each_of(statement: LiteralString) -> Callable[[psycopg.Connection, Settings, Wanted], Iterable[Ask]]:
    """One page for each id that a query gives."""

    def listed(connection: psycopg.Connection, settings: Settings, _wanted: Wanted) -> Iterable[Ask]:
        return [Ask(str(one["key"])) for one in rows(connection, settings, statement)]

    return listed
