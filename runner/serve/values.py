"""Values as they come in and go out: texts of a query, JSON of an answer."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?", re.ASCII)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
BOOLEANS = {"true": True, "false": False}
RANGES = {"integer": 2**31, "bigint": 2**63}


def dumps(value: object) -> str:
    """A value as JSON: exact decimals as strings, dates and times as ISO 8601."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_encode)


def _encode(value: object) -> str:
    if isinstance(value, (Decimal, UUID)):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"cannot write {type(value).__name__} as JSON")


def parse(text: str, data_type: str) -> Any:
    """A text as a value of a column.

    Args:
        text: What was asked for.
        data_type: The type in the mart's contract.

    Raises:
        ValueError: It is none; the error says what is expected.
    """
    kind = base_type(data_type)
    parser = PARSERS.get(kind)
    if parser is None:
        raise ValueError(f"a column of type {data_type} is not compared")
    return parser(text)


def base_type(data_type: str) -> str:
    """`numeric` of `numeric(38, 12)`."""
    return data_type.partition("(")[0].strip().lower()


def _integer(kind: str) -> Callable[[str], int]:
    def parse_integer(text: str) -> int:
        if INTEGER.fullmatch(text) and -RANGES[kind] <= int(text) < RANGES[kind]:
            return int(text)
        raise ValueError("a whole number is expected")

    return parse_integer


def _number(text: str) -> Decimal:
    if NUMBER.fullmatch(text):
        return Decimal(text)
    raise ValueError("a number such as 12.5 is expected")


def parse_date(text: str) -> date:
    """A date, YYYY-MM-DD and nothing else.

    Raises:
        ValueError: It is none.
    """
    try:
        if DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError("a date such as 2026-01-31 is expected")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("a time with its zone, such as 2026-01-31T06:00:00+00:00, is expected")
    return moment


def _boolean(text: str) -> bool:
    if text in BOOLEANS:
        return BOOLEANS[text]
    raise ValueError("true or false is expected")


def _text(text: str) -> str:
    if "\x00" in text or (not text.isascii() and text.encode(errors="replace").decode() != text):
        raise ValueError("a text without NUL and lone surrogates is expected")
    return text


PARSERS: Mapping[str, Callable[[str], Any]] = {
    "integer": _integer("integer"),
    "bigint": _integer("bigint"),
    "numeric": _number,
    "text": _text,
    "date": parse_date,
    "timestamp with time zone": _moment,
    "boolean": _boolean,
}

SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "integer": {"type": "integer", "format": "int32"},
    "bigint": {"type": "integer", "format": "int64"},
    "numeric": {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
    "text": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "timestamp with time zone": {"type": "string", "format": "date-time"},
    "boolean": {"type": "boolean"},
}


def json_schema(data_type: str, *, nullable: bool) -> dict[str, Any]:
    """The JSON Schema of a column's values; jsonb may be anything."""
    schema = dict(SCHEMAS.get(base_type(data_type), {}))
    if nullable and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    return schema
