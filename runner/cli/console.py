"""Where output goes: results to stdout, log lines to stderr, progress only on a terminal."""

import json
import sys
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import click
from rich.console import Console

err = Console(stderr=True, highlight=False)


def out() -> Console:
    """A console on stdout: as wide as the terminal, 100 columns where there is none."""
    return Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else 100)


def log(message: str) -> None:
    """Write one log line to stderr, above a progress bar when one is shown."""
    err.print(message, markup=False, emoji=False, soft_wrap=True)


def thousands(number: int | None) -> str:
    """12345 as 12,345; nothing for None."""
    return "" if number is None else f"{number:,}"


def echo_json(value: object) -> None:
    """Write a value to stdout as indented JSON; exact decimals become numbers, dates ISO 8601."""
    click.echo(dumps(value, indent=2))


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
