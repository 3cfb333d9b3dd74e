"""The files as text in temporary tables, and the checks on them: each one statement over all rows.

Whatever is wrong lands in the temporary table `load_problems`; nothing here touches a source table.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import psycopg
from psycopg import sql

from runner.load.contract import Column, Table
from runner.load.problems import SHOWN, Problem, line_or_row
from runner.load.records import OpenedFile
from runner.load.values import PRIMARY_KEY, is_valid, text_of, value_of, words

_ROWS_BETWEEN_REPORTS = 20_000

_PROBLEMS = sql.SQL(
    "select file, line, column_name, value, problem, expected from load_problems"
    " order by file_position, line, column_position"
)


def create_problem_table(connection: psycopg.Connection) -> None:
    """Create the table that the checks fill."""
    connection.execute(
        """
        create temporary table load_problems (
            file_position integer, column_position integer,
            file text, line integer, column_name text, value text, problem text, expected text
        ) on commit drop
        """
    )


def staged(table: Table) -> sql.Identifier:
    """The temporary table with a file's rows as text."""
    return sql.Identifier(f"load_{table.name}")


def stage(connection: psycopg.Connection, file: OpenedFile, on_progress: Callable[[float], None]) -> None:
    """Copy a file's rows into a temporary table, those that have no usable fields as what is wrong with them."""
    columns = [sql.SQL("{} text").format(sql.Identifier(column.name)) for column in file.columns]
    connection.execute(
        sql.SQL("create temporary table {} (line integer, malformed text, {}) on commit drop").format(
            staged(file.table), sql.SQL(", ").join(columns)
        )
    )
    with connection.cursor().copy(sql.SQL("copy {} from stdin").format(staged(file.table))) as copy:
        for count, row in enumerate(file.rows()):
            copy.write_row(row)
            if count % _ROWS_BETWEEN_REPORTS == 0:
                on_progress(file.done())
    connection.execute(sql.SQL("analyze {}").format(staged(file.table)))
    on_progress(1.0)


def check_rows(connection: psycopg.Connection, file: OpenedFile, position: int) -> bool:
    """Check the fields of every row by themselves; what is invalid is blanked, so that later checks can cast.

    Returns:
        Whether every record could be read.
    """
    malformed = connection.execute(
        sql.SQL(
            """
            with removed as (
                delete from {staged} where malformed is not null
                returning line, cast(malformed as jsonb) as malformed
            )
            insert into load_problems
            select {position}, 0, {file}, line, malformed ->> 'column', malformed ->> 'value',
                malformed ->> 'problem', malformed ->> 'expected'
            from removed
            """
        ).format(**_names(file, position))
    ).rowcount
    invalid = connection.execute(
        sql.SQL(
            """
            insert into load_problems
            select {position}, field.position, {file}, staged.line, field.name, field.value,
                case when field.value is null then 'is empty' else field.problem end, field.expected
            from {staged} as staged
            cross join lateral (values {fields}) as field (position, name, value, is_valid, problem, expected)
            where not ({all_valid}) and not field.is_valid
            """
        ).format(
            **_names(file, position),
            fields=sql.SQL(", ").join(_field(file.table, column) for column in file.columns),
            all_valid=sql.SQL(" and ").join(is_valid(file.table, column) for column in file.columns),
        )
    ).rowcount
    if invalid:
        _blank_invalid(connection, file)
    return not malformed


def _field(table: Table, column: Column) -> sql.Composable:
    return sql.SQL("({}, {}, {}, {}, {}, {})").format(
        sql.Literal(table.columns.index(column)),
        sql.Literal(column.name),
        text_of(column),
        is_valid(table, column),
        *map(sql.Literal, words(table, column)),
    )


def _blank_invalid(connection: psycopg.Connection, file: OpenedFile) -> None:
    for column in file.columns:
        connection.execute(
            sql.SQL("update {} as staged set {} = null where not {}").format(
                staged(file.table), sql.Identifier(column.name), is_valid(file.table, column)
            )
        )


def check_unique(connection: psycopg.Connection, file: OpenedFile, position: int) -> None:
    """Find rows whose id, or whose other unique columns, an earlier line of the file has."""
    for key in _keys(file.table):
        connection.execute(
            sql.SQL(
                """
                insert into load_problems
                select {position}, {column_position}, {file}, line, {column}, value,
                    format('is on %s %s already', {unit}, first_line), {expected}
                from (
                    select line, concat_ws(', ', {texts}) as value,
                        first_value(line) over (partition by {values} order by line) as first_line
                    from {staged} as staged
                    where {present}
                ) as staged
                where line > first_line
                """
            ).format(
                **_names(file, position),
                **_key_parts(file.table, key),
                unit=sql.Literal(line_or_row(file.name)),
                values=_listed(value_of(column) for column in key),
            )
        )


def check_unique_against(
    connection: psycopg.Connection, file: OpenedFile, relation: sql.Identifier, position: int
) -> None:
    """Find rows whose unique columns a row with another id has that is in the database and stays there."""
    for key in _keys(file.table)[1:]:
        connection.execute(
            sql.SQL(
                """
                insert into load_problems
                select {position}, {column_position}, {file}, staged.line, {column}, concat_ws(', ', {texts}),
                    'is in the database already, under the id ' || kept.id, {expected}
                from {staged} as staged
                inner join {relation} as kept on {matches}
                where {present} and not exists (select from {staged} as staged where {id} = kept.id)
                """
            ).format(
                **_names(file, position),
                **_key_parts(file.table, key),
                relation=relation,
                id=value_of(file.table.by_name[PRIMARY_KEY]),
                matches=_all(sql.SQL("{} = {}").format(value_of(c), sql.Identifier("kept", c.name)) for c in key),
            )
        )


def check_references(
    connection: psycopg.Connection,
    file: OpenedFile,
    parents: Mapping[str, list[sql.Composable]],
    position: int,
) -> None:
    """Find rows that reference an id that is nowhere.

    Args:
        connection: Where the files are staged.
        file: The file with the references.
        parents: For each table whose ids are known, the queries that yield them.
        position: The file's place in the list of problems.
    """
    for column in file.columns:
        ids = parents.get(column.references or "")
        if ids is None:
            continue
        connection.execute(
            sql.SQL(
                """
                insert into load_problems
                select {position}, {column_position}, {file}, staged.line, {column}, {text}, {problem}, {expected}
                from {staged} as staged
                where {text} is not null and not exists (select from ({ids}) as parent (id) where parent.id = {value})
                """
            ).format(
                **_names(file, position),
                column_position=sql.Literal(file.table.columns.index(column)),
                column=sql.Literal(column.name),
                text=text_of(column),
                value=value_of(column),
                problem=sql.Literal(f"is not the id of any {column.references}"),
                expected=sql.Literal("an id that is there"),
                ids=sql.SQL(" union all ").join(ids),
            )
        )


def staged_ids(table: Table) -> sql.Composable:
    """The query for the ids of a staged file."""
    return sql.SQL("select {} from {} as staged").format(value_of(table.by_name[PRIMARY_KEY]), staged(table))


def count_problems(connection: psycopg.Connection) -> int:
    """How many problems the checks found."""
    row = connection.execute("select count(*) from load_problems").fetchone()
    return int(row[0]) if row else 0


def first_problems(connection: psycopg.Connection) -> list[Problem]:
    """The problems to show: by file, line and column."""
    query = sql.SQL("{} limit {}").format(_PROBLEMS, sql.Literal(SHOWN))
    return [Problem(*row) for row in connection.execute(query)]


def all_problems(connection: psycopg.Connection) -> Iterator[Problem]:
    """All problems, in the same order, streamed."""
    for row in connection.cursor().stream(_PROBLEMS):
        yield Problem(*row)


def _keys(table: Table) -> list[list[Column]]:
    return [[table.by_name[name] for name in key] for key in ((PRIMARY_KEY,), *table.unique)]


def _names(file: OpenedFile, position: int) -> dict[str, sql.Composable]:
    return {"staged": staged(file.table), "file": sql.Literal(file.name), "position": sql.Literal(position)}


def _key_parts(table: Table, key: Sequence[Column]) -> dict[str, sql.Composable]:
    names = ", ".join(column.name for column in key)
    return {
        "column_position": sql.Literal(table.columns.index(key[0])),
        "column": sql.Literal(names),
        "texts": _listed(text_of(column) for column in key),
        "present": _all(sql.SQL("{} is not null").format(text_of(column)) for column in key),
        "expected": sql.Literal(f"one row per {names}"),
    }


def _listed(parts: Iterable[sql.Composable]) -> sql.Composable:
    return sql.SQL(", ").join(parts)


def _all(conditions: Iterable[sql.Composable]) -> sql.Composable:
    return sql.SQL(" and ").join(conditions)
