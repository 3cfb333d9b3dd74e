"""Turns the texts of a file into values and finds what is wrong: set-based, in DuckDB, one table per file.

A value that is not one of its column's type becomes null, and its row keeps all its texts in `faulty`. What is wrong is
collected in the table `problems`. Numerics stay texts, which PostgreSQL reads exactly.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from runner.load.contract import Column, Table, tables_of
from runner.load.problems import EXAMPLES, Group, Problem
from runner.load.readers import LONGEST_VALUE, OpenedFile, first_line, literal, quoted, with_lines
from runner.load.tables import RowsThere

# Keys are kept in a B-tree, whose entries end at about 2,700 bytes; the widest key has three columns.
LONGEST_KEY = 800

_TIME = "[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?"
_ZONE = "(?:Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)"
_TIMESTAMP = f"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:{_TIME}{_ZONE}?)?"
# Digits beyond milliseconds are cut off, as JavaScript does: rounding would carry 23:59:59.9996 to the next day.
_MILLISECONDS = r"regexp_replace({text}, '[.,]([0-9]{{1,3}})[0-9]*', '.\1')"

# Whether a text is a value of its type, and the value. DuckDB by itself accepts more than the contract does. Quantities
# times prices, added up, stay within the numeric(38, 12) of the marts when each is below 10^12.
_VALID = {
    "text": "not contains({text}, chr(0))",
    "integer": "regexp_full_match({text}, '[+-]?[0-9]+(?:[.]0*)?') and try_cast({text} as integer) is not null",
    "numeric": (
        "(regexp_full_match({number}, '[+-]?(?:0*[0-9]{{1,12}}(?:[.][0-9]*)?|[.][0-9]+)')"
        " or regexp_full_match({number}, '[+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)[eE][+-]?[0-9]{{1,3}}')"
        " and coalesce(abs(try_cast({number} as double)) < 1e12, false)) and length({number}) <= 400"
    ),
    "boolean": "lower({text}) in ('true', 'false', 't', 'f', '1', '0')",
    "timestamp": (
        f"regexp_full_match({{text}}, {literal(_TIMESTAMP.replace('{', '{{').replace('}', '}}'))})"
        " and coalesce({value} >= timestamp '0001-01-01', false)"
    ),
}
_VALUE = {
    "text": "{text}",
    "integer": "try_cast({text} as integer)",
    "numeric": "{number}",
    "boolean": "cast({text} as boolean)",
    "timestamp": f"timezone('UTC', try_cast({_MILLISECONDS} as timestamptz))",
}
# What is wrong with a text that is no value of the type, and what would be right.
_WORDS = {
    "text": ("is not text", "UTF-8 text without NUL characters"),
    "integer": ("is not a whole number", "digits such as 42, from -2147483648 to 2147483647"),
    "numeric": ("is not a number", "digits such as 12{decimal}50, below 1000000000000"),
    "boolean": ("is not a boolean", "true or false"),
    "timestamp": ("is not an ISO 8601 date or time", "like 2026-01-31 or 2026-01-31T08:30:00Z"),
}
_EMPTY = {"integer": "a whole number", "numeric": "a number", "boolean": "true or false", "timestamp": "a date or time"}
_NULL_WORDS = "('NULL', '\\N', 'NAN', 'NONE', 'NA', 'N/A', '#N/A', '<NA>')"
_DECIMAL_COMMA = "[+-]?[0-9]+,[0-9]+"


def start(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table that the checks fill."""
    connection.execute(
        "create table problems (position integer, line bigint, column_position integer, file text, column_name text,"
        " value text, problem text, expected text, kind text)"
    )


def examine(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[OpenedFile],
    position: int,
    *,
    decimal: str,
    scratch: Path,
    there: RowsThere | None,
) -> None:
    """Read one file into the table of its name and check it.

    Args:
        connection: Has the tables of the files before it.
        files: All files, parents first.
        position: Which one.
        decimal: Before the fraction of a number in a CSV file.
        scratch: For a file that is read again because something is wrong with it.
        there: What is in the database and stays there; None when all rows are replaced.
    """
    file = files[position]
    context = _Context(connection, files, position, decimal if file.plain else ".", there)
    try:
        _read(context, file)
    except duckdb.Error as error:
        if file.plain is None:
            what = f"the file cannot be read any further ({first_line(error)})"
            connection.execute(
                "insert into problems values (?, null, -1, ?, '', '', ?, 'a whole file', ?)",
                [position, file.name, what, what],
            )
            return
    else:
        _check(context, file)
        found = connection.execute("select 1 from problems where position = ?", [position]).fetchone()
        if file.plain is None or not found:
            return
    connection.execute("delete from problems where position = ?", [position])
    file, malformed = with_lines(file, scratch)
    connection.execute(
        f"insert into problems select {position}, cast(line as bigint), -1, {literal(file.name)}, column_name, value,"
        f" problem, expected, problem from {malformed}"
    )
    _read(context, file)
    _check(context, file)


def groups(connection: duckdb.DuckDBPyConnection) -> list[Group]:
    """The problems by file, column and kind, each with the first of them."""
    query = f"""
        select count(*), file, column_name, expected, kind,
            min({{'line': line, 'value': value, 'problem': problem}}, {EXAMPLES})
        from problems
        group by position, file, column_name, expected, kind
        order by position, min(line), min(column_position)
    """
    return [
        Group(
            count,
            kind,
            tuple(Problem(file, one["line"], column, one["value"], one["problem"], expected) for one in first),
        )
        for count, file, column, expected, kind, first in connection.execute(query).fetchall()
    ]


def all_problems(connection: duckdb.DuckDBPyConnection) -> Iterator[Problem]:
    """All problems by file, line and column, streamed."""
    query = "select file, line, column_name, value, problem, expected from problems"
    found = connection.execute(f"{query} order by position, line, column_position")
    while rows := found.fetchmany(10_000):
        yield from (Problem(*row) for row in rows)


class _Context(NamedTuple):
    connection: duckdb.DuckDBPyConnection
    files: Sequence[OpenedFile]
    position: int
    decimal: str
    there: RowsThere | None

    def insert(self, column_position: int, column: str, rows: str, **values: str) -> None:
        """Insert problems.

        Args:
            column_position: The column's place in the contract.
            column: Its name.
            rows: SQL that gives `line` and what the values use.
            values: SQL for value, problem, expected and, where it differs from the problem, kind.
        """
        file, kind = self.files[self.position].name, values.get("kind", values["problem"])
        value = f"left(replace({values['value']}, chr(0), '\\x00'), {LONGEST_VALUE})"
        self.connection.execute(
            f"insert into problems select {self.position}, line, {column_position}, {literal(file)}, {literal(column)},"
            f" {value}, {values['problem']}, {values['expected']}, {kind} from ({rows})"
        )


def _read(context: _Context, file: OpenedFile) -> None:
    """Make the file's table: its values, and the texts of rows in which something is none. Blank rows are left out."""
    texts = ", ".join(f"{text} as {quoted(name)}" for text, name in zip(file.texts, file.names, strict=True))
    given = [f"given.{quoted(name)}" for name in file.names]
    valid = [_is_valid(file.table, *pair, context.decimal) for pair in zip(file.columns, given, strict=True)]
    values = [
        f"case when {is_valid} then {_value(column, _text(column, text), context.decimal)} end as {quoted(column.name)}"
        for column, text, is_valid in zip(file.columns, given, valid, strict=True)
        if column
    ]
    listed = ", ".join(given)
    line = "cast(line as bigint) as line, " if file.has_lines else ""
    context.connection.execute(
        f"create or replace table {quoted(file.table.name)} as"
        f" select {line}{', '.join(values)}, case when not ({' and '.join(valid)}) then [{listed}] end as faulty"
        f" from (select {'line, ' if file.has_lines else ''}{texts} from {file.relation}) as given"
        f" where coalesce({listed}) is not null"
    )


def _text(column: Column, given: str) -> str:
    """An empty field is null unless the column is a text that must not be null."""
    if column.type == "text" and not column.nullable and not column.allowed:
        return f"coalesce({given}, '')"
    return f"nullif({given}, '')"


def _value(column: Column, text: str, decimal: str) -> str:
    value = _VALUE[column.type].format(text=text, number=_number(text, decimal))
    return value if column.default is None else f"coalesce({value}, {column.default})"


def _number(text: str, decimal: str) -> str:
    return text if decimal == "." else f"translate({text}, ',.', '.,')"


def _is_valid(table: Table, column: Column | None, given: str, decimal: str) -> str:
    """SQL for whether a text may be loaded as far as its column goes: true or false, never null."""
    if column is None:
        return f"({given} is null)"
    text = _text(column, given)
    if column.allowed:
        valid = f"{text} in ({', '.join(map(literal, column.allowed))})"
    else:
        value = _VALUE[column.type].format(text=text, number=_number(text, decimal))
        valid = _VALID[column.type].format(text=text, number=_number(text, decimal), value=value)
    if column.type == "text" and _is_key(table, column):
        valid += f" and strlen({text}) <= {LONGEST_KEY}"
    if column.nullable or column.default is not None:
        return f"({text} is null or {valid})"
    return f"({text} is not null and {valid})"


def _is_key(table: Table, column: Column) -> bool:
    return any(column.name in key for key in (table.key, *table.unique))


def _check(context: _Context, file: OpenedFile) -> None:
    _check_values(context, file)
    line = "line" if file.has_lines else "rowid + 1"
    for key in (file.table.key, *file.table.unique):
        _check_unique(context, file, line, key)
    for column in file.columns:
        if column and column.references:
            _check_reference(context, file, line, column)


def _check_values(context: _Context, file: OpenedFile) -> None:
    line = "line" if file.has_lines else "rowid + 1 as line"
    for number, column in enumerate(file.columns, 1):
        rows = (
            f"select line, given from (select {line}, faulty[{number}] as given from {quoted(file.table.name)}"
            f" where faulty is not null) where not {_is_valid(file.table, column, 'given', context.decimal)}"
        )
        if column is None:
            context.insert(
                0, "", rows, value="given", problem="'has no column name'", expected="'a name in the header'"
            )
            continue
        problem, expected = _words(file.table, column, _text(column, "given"), context.decimal)
        place = file.table.columns.index(column)
        context.insert(place, column.name, rows, value="given", problem=problem, expected=expected)


def _words(table: Table, column: Column, text: str, decimal: str) -> tuple[str, str]:
    """SQL for what is wrong with an invalid text of this column, and for what would be right."""
    what, expected = _WORDS[column.type]
    expected = expected.format(decimal=decimal)
    empty = _EMPTY.get(column.type, expected)
    if column.allowed:
        what, expected = "is not a known value", f"one of {', '.join(column.allowed)}"
        empty = expected
    problem, right = literal(what), literal(expected)
    if column.type == "text" and not column.allowed and _is_key(table, column):
        too_long = f"strlen({text}) > {LONGEST_KEY}"
        problem = f"case when {too_long} then 'is too long for a key' else {problem} end"
        right = f"case when {too_long} then 'a text of at most {LONGEST_KEY} bytes' else {right} end"
    if column.nullable and column.type != "text":
        right += f" || case when upper({text}) in {_NULL_WORDS} then '; leave it empty for null' else '' end"
    if column.type == "numeric" and decimal == ".":
        comma = f"regexp_full_match({text}, '{_DECIMAL_COMMA}')"
        right += f" || case when {comma} then '; for decimal commas give --decimal ,' else '' end"
    return (
        f"case when {text} is null then 'is empty' else {problem} end",
        f"case when {text} is null then {literal(empty)} else {right} end",
    )


def _check_unique(context: _Context, file: OpenedFile, line: str, key: Sequence[str]) -> None:
    """Find rows whose key an earlier row of the file has, or a row that stays in the database under another id."""
    table, names = file.table, ", ".join(map(quoted, key))
    present = " and ".join(f"{quoted(name)} is not null" for name in key)
    keyed = f"select {names} from {quoted(table.name)} where {present}"
    place = table.columns.index(table.by_name[key[0]])
    words = {"value": f"concat_ws(', ', {names})", "expected": literal(f"one row per {', '.join(key)}")}
    if _number_of(context, keyed) != _number_of(context, f"select distinct * from ({keyed})"):
        rows = (
            f"select * from (select {line} as line, {names}, first_value({line}) over (partition by {names} order by"
            f" {line}) as earlier from {quoted(table.name)} where {present}) where line > earlier"
        )
        unit = "row" if file.plain is None else "line"
        problem = f"'is on {unit} ' || earlier || ' already'"
        context.insert(place, ", ".join(key), rows, **words, problem=problem, kind=f"'is on an earlier {unit} already'")
    if context.there and key != table.key:
        given = context.connection.execute(keyed).fetchall()
        own = {one for (one,) in context.connection.execute(f"select id from {quoted(table.name)}").fetchall()}
        for *values, other in context.there.taken(table, key, given):
            if other in own:
                continue
            same = " and ".join(f"{quoted(name)} = {literal(value)}" for name, value in zip(key, values, strict=True))
            rows = f"select {line} as line, {names} from {quoted(table.name)} where {same}"
            problem = literal(f"is in the database already, under the id {other}")
            context.insert(place, ", ".join(key), rows, **words, problem=problem, kind="'is in the database already'")


def _check_reference(context: _Context, file: OpenedFile, line: str, column: Column) -> None:
    """Find rows that reference an id that is nowhere. A table with unreadable records is not asked which ids it has."""
    connection, name = context.connection, quoted(column.name)
    parent = next((at for at, other in enumerate(context.files) if other.table.name == column.references), None)
    unknown = f"{name} is not null"
    if parent is not None:
        unreadable = "select 1 from problems where position = ? and column_position < 0"
        if connection.execute(unreadable, [parent]).fetchone():
            return
        unknown += f" and {name} not in (select id from {quoted(column.references or '')} where id is not null)"
    elif context.there is None:
        return
    found = connection.execute(f"select distinct {name} from {quoted(file.table.name)} where {unknown}").fetchall()
    missing = {value for (value,) in found}
    if missing and context.there:
        parent_table = next(table for table in tables_of(file.table.domain) if table.name == column.references)
        missing -= context.there.ids(parent_table, list(missing))
    if not missing:
        return
    connection.execute("create or replace temp table missing as select unnest(?) as id", [list(missing)])
    context.insert(
        file.table.columns.index(column),
        column.name,
        f"select {line} as line, {name} from {quoted(file.table.name)} where {name} in (select id from missing)",
        value=f"cast({name} as varchar)",
        problem=literal(f"is not the id of any {column.references}"),
        expected="'an id that is there'",
    )


def _number_of(context: _Context, rows: str) -> int:
    (count,) = context.connection.execute(f"select count(*) from ({rows})").fetchone() or (0,)
    return int(count)
