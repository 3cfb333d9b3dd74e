"""The rows behind a figure: `/rows/{mart}`, filtered as the API's route of the mart is."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import psycopg

from runner.errors import NotFoundError
from runner.lookup import closest, either
from runner.ops.marts import read_marts
from runner.serve.mart_pages import RESERVED, read_page, read_query, read_total
from runner.serve.pages.page import Ask, Page
from runner.settings import Settings

SHOWN = 50
# What every row of a mart says of the run that made it.
LEFT_OUT = ("as_of", "computed_at", "run_id")


def read(connection: psycopg.Connection, settings: Settings, ask: Ask) -> Mapping[str, Any]:
    """What `/rows/{mart}` shows; the query filters by columns and may sort, as in the API."""
    marts = read_marts(connection, settings).marts
    if ask.key not in marts:
        near = closest(ask.key, list(marts))
        raise NotFoundError(f"There is no mart {ask.key!r}.", f"Did you mean {either(near)}?" if near else "")
    mart = marts[ask.key]
    given = [(name, value) for name, values in ask.query.items() if name != "limit" for value in values]
    asked = read_query(mart, [*given, ("limit", str(SHOWN))])
    found, after = read_page(connection, mart, asked)
    told = {column.name for column, values in asked.filters.items() if len(values) == 1}
    columns = [column for column in mart.columns if column.name not in told.union(LEFT_OUT)]
    query = {name: list(values) for name, values in ask.query.items() if name not in {"after", "limit"}}
    return {
        "mart": mart,
        "columns": columns,
        "rows": [[written(one[column.name]) for column in columns] for one in found],
        "numeric": [any(_is_number(one[column.name]) for one in found) for column in columns],
        "filters": {name: values for name, values in query.items() if name not in RESERVED},
        "query": query,
        "count": read_total(connection, mart, asked),
        "is_first": "after" not in ask.query,
        "after": after,
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, Decimal | int) and not isinstance(value, bool)


def written(value: Any) -> str:
    """A value of a mart as text: numbers without zeros that say nothing."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case Decimal():
            text = f"{value:,f}"
            return text.rstrip("0").rstrip(".") if "." in text else text
        case list() | dict():
            return json.dumps(value, ensure_ascii=False)
    return str(value)


PAGES = (Page("/rows/{key}", "rows.html", read, lambda *_: ()),)
