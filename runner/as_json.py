"""Values as JSON, exact decimals as numbers and dates as ISO 8601."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


def dumps(value: object, indent: int | None = None) -> str:
    """A value as JSON text."""
    return json.dumps(value, indent=indent, ensure_ascii=False, default=json_default)


def json_default(value: object) -> Any:
    """Encode what `json` cannot: decimals as int or float, dates and times as ISO 8601, UUIDs as text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"cannot write {type(value).__name__} as JSON")
