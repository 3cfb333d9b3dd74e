"""What a value of each type looks like in a file and how it becomes one: SQL over the text of a staged row.

PostgreSQL by itself accepts more than the contract does (`today`, `infinity`, `NaN`, `0x1F`, `1_000`, `01/02/2026`), so
a pattern decides before the cast.
"""

from psycopg import sql

from runner.load.contract import Column, Table

PRIMARY_KEY = "id"

# Keys are kept in a B-tree, whose entries end at about 2,700 bytes; the widest key has three columns.
LONGEST_KEY = 800

_DATE = (
    "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"
)
_TIME = "[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?"
_ZONE = "(?:Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)"

# Lengths are looked at beside the patterns: a counted repetition such as {1,20} takes four times as long to match.
_PATTERNS = {
    "integer": "^[+-]?[0-9]+$",
    "numeric": "^[+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][+-]?[0-9][0-9]?[0-9]?)?$",
    "timestamp": f"^{_DATE}(?:{_TIME}{_ZONE}?)?$",
}

# Whether a text that is not null is a value of the type.
_VALID = {
    "text": "true",
    "integer": """
        case
            when length({text}) < 10 then {text} ~ {pattern}
            when length({text}) <= 20 and {text} ~ {pattern}
                then cast({text} as numeric) between -2147483648 and 2147483647
            else false
        end
    """,
    # Quantities times prices, added up, stay within the numeric(38, 12) of the marts.
    "numeric": """
        case
            when length({text}) <= 400 and {text} ~ {pattern} then abs(cast({text} as numeric)) < 1000000000000
            else false
        end
    """,
    "boolean": "lower({text}) in ('true', 'false', 't', 'f', '1', '0')",
    "timestamp": "(length({text}) <= 60 and {text} ~ {pattern} and {text} not like '0000-%')",
}

_CAST = {
    "text": "{text}",
    "integer": "cast({text} as integer)",
    "numeric": "cast({text} as numeric)",
    "boolean": "cast({text} as boolean)",
    # Digits beyond milliseconds are cut off, as JavaScript does: rounding would carry 23:59:59.9996 to the next day.
    "timestamp": """
        cast(
            case when length({text}) > 19 then regexp_replace({text}, '[.,]([0-9]{{1,3}})[0-9]*', '.\\1')
            else {text} end as timestamptz
        ) at time zone 'UTC'
    """,
}

# What is wrong with a text that is no value of the type, and what would be right.
_WORDS = {
    "text": ("is too long for a key", f"a text of at most {LONGEST_KEY} bytes"),
    "integer": ("is not a whole number", "digits such as 42, from -2147483648 to 2147483647"),
    "numeric": ("is not a number", "digits such as 12.50, below 1000000000000"),
    "boolean": ("is not a boolean", "true or false"),
    "timestamp": ("is not an ISO 8601 date or time", "like 2026-01-31 or 2026-01-31T08:30:00Z"),
}


def text_of(column: Column, row: str = "staged") -> sql.Composable:
    """A column's text in a staged row; an empty field is null unless the column is a text that must not be null."""
    name = sql.Identifier(row, column.name)
    if column.type == "text" and not column.nullable and not column.allowed:
        return name
    return sql.SQL("nullif({}, '')").format(name)


def value_of(column: Column, row: str = "staged") -> sql.Composable:
    """A column's value in a staged row whose text is valid."""
    value = sql.SQL(_CAST[column.type]).format(text=text_of(column, row))
    if column.default is None:
        return value
    return sql.SQL("coalesce({}, {})").format(value, sql.SQL(column.default))


def is_valid(table: Table, column: Column) -> sql.Composable:
    """Whether a staged row may be loaded as far as this column goes: true or false, never null."""
    text = text_of(column)
    if column.allowed:
        valid: sql.Composable = sql.SQL("{} in ({})").format(text, sql.SQL(", ").join(map(sql.Literal, column.allowed)))
    elif column.type == "text" and _is_key(table, column):
        valid = sql.SQL("octet_length({}) <= {}").format(text, sql.Literal(LONGEST_KEY))
    else:
        pattern = sql.Literal(_PATTERNS.get(column.type, ""))
        valid = sql.SQL(_VALID[column.type]).format(text=text, pattern=pattern)
    may_be_null = column.nullable or column.default is not None
    template = "({} is null or {})" if may_be_null else "({} is not null and {})"
    return sql.SQL(template).format(text, valid)


def words(table: Table, column: Column) -> tuple[str, str]:
    """What is wrong with an invalid text of this column, and what would be right."""
    if column.allowed:
        return "is not a known value", f"one of {', '.join(column.allowed)}"
    if column.type == "text" and not _is_key(table, column):
        return "is empty", "a text"
    return _WORDS[column.type]


def _is_key(table: Table, column: Column) -> bool:
    return column.name == PRIMARY_KEY or any(column.name in key for key in table.unique)
