"""Pages of any public mart: filters, order and cursor as its contract has them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Any

import psycopg
from fastapi import Request
from psycopg import sql
from psycopg.rows import dict_row
from starlette.responses import Response

from runner.ops.marts import Column, Mart
from runner.serve import cursors
from runner.serve.answers import Made, answer_of_run
from runner.serve.caching import MAX_AGE, SHORTEST_AGE, json_body
from runner.serve.problems import Problem, unknown
from runner.serve.values import base_type, parse, parse_date

DEFAULT_LIMIT, LARGEST_LIMIT = 100, 500
# More rows than these are not counted.
MOST_COUNTED = 100_000
RESERVED = ("from", "to", "sort", "limit", "after", "count")
UNSORTED = ("jsonb",)


@dataclass(frozen=True)
class Asked:
    """Which rows of a mart are asked for.

    Attributes:
        filters: The values that a column may have; None is null.
        first: The first date, in the mart's date column.
        last: The last one.
        order: The columns that order the rows, each with whether the largest comes first; the grain is the end of it.
        limit: How many rows.
        after: The values of `order` in the row before the first.
        counted: Whether the total is asked for.
        sort: The order as it was asked for.
    """

    filters: Mapping[Column, Sequence[Any]] = field(default_factory=dict)
    first: date | None = None
    last: date | None = None
    order: Sequence[tuple[Column, bool]] = ()
    limit: int = DEFAULT_LIMIT
    after: Sequence[Any] | None = None
    counted: bool = False
    sort: str = ""


def mart_page(
    request: Request,
    connection: psycopg.Connection,
    mart: Mart,
    fixed: Mapping[str, str] | None = None,
    *,
    is_one: bool = False,
    extend: Callable[[list[dict[str, Any]]], object] = len,
) -> Response:
    """The page of a mart that a request asks for.

    Args:
        request: Its query names columns, and `RESERVED`.
        connection: Reads.
        mart: The mart.
        fixed: Columns that the route itself filters.
        is_one: They make one row, which is answered alone.
        extend: Adds to the rows what other marts say.

    Raises:
        Problem: 404 where there is no such row, and what `read_query` raises.
    """
    asked = read_query(mart, [*request.query_params.multi_items(), *(fixed or {}).items()])

    def make(made: Made) -> bytes:
        rows, following = read_page(connection, mart, asked)
        if is_one and not rows:
            named = ", ".join(f"{name} {value}" for name, value in (fixed or {}).items())
            raise Problem(HTTPStatus.NOT_FOUND, f"{mart.name} has no row for {named}.")
        if is_one:
            return json_body(rows[0])
        extend(rows)
        content = {"data": rows, "next": following, "as_of": made.as_of, "run_id": made.run_id}
        return json_body({**content, "total": read_total(connection, mart, asked)} if asked.counted else content)

    return answer_of_run(request, connection, mart.jobs, make, max_age=MAX_AGE.get(mart.name, SHORTEST_AGE))


def date_column(mart: Mart) -> Column | None:
    """The column that `from` and `to` are about: the date of the grain, one called `date`, or else the only one."""
    dates = [column for column in mart.columns if base_type(column.data_type) == "date"]
    by_grain = [column for column in dates if column.name in mart.grain]
    by_name = [column for column in dates if column.name == "date"]
    others = [column for column in dates if column.name != "as_of"]
    for found in (by_grain, by_name, others):
        if len(found) == 1:
            return found[0]
    return None


def read_query(mart: Mart, given: Sequence[tuple[str, str]]) -> Asked:
    """What a query asks of a mart.

    Raises:
        Problem: 400 for a column it does not have or a cursor that is none, 422 for a value that cannot be one; each
            of these is named.
    """
    _refuse_unknown(mart, given)
    errors: list[dict[str, str]] = []
    options = {name: value for name, value in given if name in RESERVED}
    filters: dict[Column, list[Any]] = {}
    for name, text in given:
        column = mart.column(name)
        if column is None:
            continue
        is_null = column.nullable and not text
        value = None if is_null else _checked(errors, name, text, partial(parse, data_type=column.data_type))
        filters.setdefault(column, []).append(value)
    dates = {name: _checked(errors, name, options[name], parse_date) for name in ("from", "to") if options.get(name)}
    if dates and date_column(mart) is None:
        errors += [_error(name, f"{mart.name} has no date to go by") for name in dates]
    limit = _checked(errors, "limit", options.get("limit", str(DEFAULT_LIMIT)), _limit)
    counted = _checked(errors, "count", options.get("count", "false"), partial(parse, data_type="boolean"))
    sort = options.get("sort", "")
    by = mart.column(sort.removeprefix("-"))
    if sort and (by is None or base_type(by.data_type) in UNSORTED):
        names = [column.name for column in mart.columns if base_type(column.data_type) not in UNSORTED]
        raise unknown(f"{mart.name} is not sorted by {sort!r}.", sort, names)
    if errors:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "; ".join(f"{error['pointer']}: {error['detail']}" for error in errors),
            {"errors": errors},
        )

    order = [(by, sort.startswith("-"))] if by else []
    order += [(column, False) for name in mart.grain if (column := mart.column(name)) and column != by]
    after = _after(options["after"], sort, order) if "after" in options else None
    return Asked(filters, dates.get("from"), dates.get("to"), order, limit, after, counted, sort)


def read_page(connection: psycopg.Connection, mart: Mart, asked: Asked) -> tuple[list[dict[str, Any]], str | None]:
    """The rows, and the cursor of the page after them; None where it is the last."""
    conditions, bound = _conditions(mart, asked)
    collation = sql.SQL("" if _orders_by_code_point(connection) else ' collate "C"')
    if asked.after is not None:
        conditions.append(_after_row(asked, bound, collation))
    statement = sql.SQL("select {columns} from {mart}{where} order by {order} limit {limit}").format(
        columns=sql.SQL(", ").join(sql.Identifier(column.name) for column in mart.columns),
        mart=sql.Identifier(mart.schema_name, mart.relation_name),
        where=_where(conditions),
        order=sql.SQL(", ").join(
            sql.SQL("{} {} nulls last").format(_compared(column, collation), sql.SQL("desc" if descending else "asc"))
            for column, descending in asked.order
        ),
        limit=sql.Literal(asked.limit + 1),
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement, bound).fetchall()
    page = rows[: asked.limit]
    if len(rows) == len(page):
        return page, None
    return page, cursors.encode(asked.sort, [page[-1][column.name] for column, _ in asked.order])


def read_total(connection: psycopg.Connection, mart: Mart, asked: Asked) -> int | None:
    """How many rows there are on all pages; None where there are too many to count."""
    conditions, bound = _conditions(mart, asked)
    statement = sql.SQL("select count(*) from (select from {mart}{where} limit {limit}) as counted").format(
        mart=sql.Identifier(mart.schema_name, mart.relation_name),
        where=_where(conditions),
        limit=sql.Literal(MOST_COUNTED + 1),
    )
    row = connection.execute(statement, bound).fetchone()
    return row[0] if row and row[0] <= MOST_COUNTED else None


def _where(conditions: Sequence[sql.Composable]) -> sql.Composable:
    return sql.SQL(" where {}").format(sql.SQL(" and ").join(conditions)) if conditions else sql.SQL("")


def _conditions(mart: Mart, asked: Asked) -> tuple[list[sql.Composable], dict[str, Any]]:
    bound: dict[str, Any] = {}
    conditions: list[sql.Composable] = []
    for column, values in asked.filters.items():
        name = sql.Identifier(column.name)
        present = [value for value in values if value is not None]
        parts = []
        if present:
            parts.append(
                sql.SQL("{} = any({})").format(name, _parameter(bound, present, f"{base_type(column.data_type)}[]"))
            )
        if len(present) < len(values):
            parts.append(sql.SQL("{} is null").format(name))
        conditions.append(sql.SQL("({})").format(sql.SQL(" or ").join(parts)))
    day = date_column(mart)
    for limit, operator in ((asked.first, ">="), (asked.last, "<=")):
        if limit is not None and day is not None:
            parameter = _parameter(bound, limit, "date")
            conditions.append(sql.SQL("{} {} {}").format(sql.Identifier(day.name), sql.SQL(operator), parameter))
    return conditions, bound


def _after_row(asked: Asked, bound: dict[str, Any], collation: sql.SQL) -> sql.Composable:
    """Rows after one: a later first column, or the same and a later second one, and so on; nulls are last."""
    alternatives: list[sql.Composable] = []
    same: list[sql.Composable] = []
    for (column, descending), value in zip(asked.order, asked.after or (), strict=True):
        name = _compared(column, collation)
        if value is None:
            same.append(sql.SQL("{} is null").format(name))
            continue
        given = _parameter(bound, value, base_type(column.data_type))
        later = sql.SQL("{} {} {}").format(name, sql.SQL("<" if descending else ">"), given)
        if column.nullable:
            later = sql.SQL("({} or {} is null)").format(later, name)
        alternatives.append(sql.SQL(" and ").join([*same, later]))
        same.append(sql.SQL("{} = {}").format(name, given))
    return sql.SQL("({})").format(sql.SQL(" or ").join(alternatives)) if alternatives else sql.SQL("false")


def _compared(column: Column, collation: sql.SQL) -> sql.Composable:
    """A column as it is ordered by: texts by code point."""
    suffix = collation if base_type(column.data_type) == "text" else sql.SQL("")
    return sql.SQL("{}{}").format(sql.Identifier(column.name), suffix)


def _orders_by_code_point(connection: psycopg.Connection) -> bool:
    """Whether the database orders texts so by itself: its indexes then serve."""
    found = connection.execute("select datcollate from pg_catalog.pg_database where datname = current_database()")
    return found.fetchone() in {("C",), ("POSIX",), ("C.UTF-8",), ("C.utf8",)}


def _parameter(bound: dict[str, Any], value: Any, data_type: str) -> sql.Composable:
    name = f"value_{len(bound)}"
    bound[name] = value
    return sql.SQL("cast({} as {})").format(sql.Placeholder(name), sql.SQL(data_type))


def _after(text: str, sort: str, order: Sequence[tuple[Column, bool]]) -> list[Any]:
    values = cursors.decode(text, sort, len(order))
    try:
        return [
            None if value is None else parse(_as_text(value), column.data_type)
            for (column, _), value in zip(order, values, strict=True)
        ]
    except ValueError:
        raise cursors.invalid() from None


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        return str(value)
    raise ValueError("no value of a column")


def _refuse_unknown(mart: Mart, given: Sequence[tuple[str, str]]) -> None:
    names = [*(column.name for column in mart.columns), *RESERVED]
    other = next((name for name, _ in given if name not in names), None)
    if other is not None:
        raise unknown(f"{mart.name} has no column {other!r}.", other, names)


def _limit(text: str) -> int:
    limit = parse(text, "integer")
    if not 1 <= limit <= LARGEST_LIMIT:
        raise ValueError(f"a number from 1 to {LARGEST_LIMIT} is expected")
    return int(limit)


def _checked(errors: list[dict[str, str]], name: str, text: str, parser: Callable[[str], Any]) -> Any:
    """A value, or its fault added to the errors."""
    try:
        return parser(text)
    except ValueError as error:
        errors.append(_error(name, str(error)))
        return None


def _error(name: str, detail: str) -> dict[str, str]:
    return {"pointer": f"query.{name}", "detail": detail}
