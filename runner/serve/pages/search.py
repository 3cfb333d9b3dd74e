"""The search box: items, vendors, branches and dealers whose id or name holds a text."""

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.rows import dict_row

from runner.database.query import query
from runner.database.sources import exists
from runner.serve.pages.page import Ask, Page
from runner.settings import Settings

OF_EACH = 20
"""How many things of each kind are shown."""

KINDS = {
    "Items": ("/items", "procurement", "items", "item"),
    "Vendors": ("/vendors", "procurement", "vendors", "vendor"),
    "Branches": ("/branches", "procurement", "branches", "branch"),
    "Dealers": ("/alignment", "alignment", "dealers", "dealer"),
}


def read_search(connection: psycopg.Connection, settings: Settings, ask: Ask) -> Mapping[str, Any]:
    """What `/search?q=` shows, by kind of thing; those that begin with the text come first."""
    text = ask.one("q")
    found: dict[str, list[Mapping[str, Any]]] = {}
    for name, (path, schema, mart, kind) in KINDS.items() if text else ():
        if not exists(connection, settings.schema(schema), mart):
            continue
        with connection.cursor(row_factory=dict_row) as cursor:
            bound = {"text": text, "limit": OF_EACH + 1}
            rows = cursor.execute(query(settings, _FOUND[kind]), bound).fetchall()
        if rows:
            found[name] = [{**row, "path": path} for row in rows]
    return {"searched": text, "found": found, "limit": OF_EACH}


_FOUND = {
    "item": """
        select item_id::text as id, item_name as name
        from {procurement}.items
        where item_id::text = %(text)s or strpos(lower(item_name), lower(%(text)s)) > 0
        order by strpos(lower(item_name), lower(%(text)s)), item_name collate "C", item_id
        limit %(limit)s
    """,
    "vendor": """
        select vendor_id::text as id, vendor_name as name
        from {procurement}.vendors
        where vendor_id::text = %(text)s or strpos(lower(vendor_name), lower(%(text)s)) > 0
        order by strpos(lower(vendor_name), lower(%(text)s)), vendor_name collate "C", vendor_id
        limit %(limit)s
    """,
    "branch": """
        select branch_id::text as id, branch_name as name
        from {procurement}.branches
        where branch_id::text = %(text)s or strpos(lower(branch_name), lower(%(text)s)) > 0
        order by strpos(lower(branch_name), lower(%(text)s)), branch_name collate "C", branch_id
        limit %(limit)s
    """,
    "dealer": """
        select dealer_id as id, dealer_name as name
        from {alignment}.dealers
        where dealer_id = %(text)s or strpos(lower(dealer_name), lower(%(text)s)) > 0
        order by strpos(lower(dealer_name), lower(%(text)s)), dealer_name collate "C", dealer_id collate "C"
        limit %(limit)s
    """,
}

PAGES = (Page("/search", "search.html", read_search, listed=lambda *_: ()),)
