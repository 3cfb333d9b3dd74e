"""What several commands take."""

import getpass
import re
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

import click

from runner.cli import console
from runner.errors import FieldlabError
from runner.settings import FIRST_DAY, LAST_DAY

LONGEST_WAIT = 7 * 24 * 3600

Command = TypeVar("Command", bound=Callable[..., Any])


def example(*commands: str) -> str:
    """The end of a help text: how a command may be called, never wrapped, so that it can be copied."""
    return "\b\n" + "\n".join(f"Example: {command}" for command in commands)


def iso_date(context: click.Context, parameter: click.Parameter, value: str | None) -> date | None:  # noqa: ARG001
    """An option's callback: the text as a date, YYYY-MM-DD and nothing else, with room for the windows around it.

    Raises:
        click.BadParameter: It is no date, or one that nobody means.
    """
    if value is None:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
            day = date.fromisoformat(value)
            if FIRST_DAY <= day <= LAST_DAY:
                return day
            raise click.BadParameter(f"{value} is not between {FIRST_DAY} and {LAST_DAY}.")
    except ValueError:
        pass
    raise click.BadParameter(f"{value!r} is not a date; write it as 2026-01-31.")


def date_option(*names: str, **attributes: Any) -> Callable[[Command], Command]:
    """An option that takes a date."""
    return click.option(*names, metavar="DATE", callback=iso_date, **attributes)


def wait_option() -> Callable[[Command], Command]:
    """The option of commands that write, one of which runs at a time."""
    return click.option(
        "--wait",
        type=click.IntRange(0, LONGEST_WAIT),
        metavar="SECONDS",
        default=0,
        help="How long to wait for another command that writes. Default: end at once, with exit code 4.",
    )


def _set_log_format(context: click.Context, parameter: click.Parameter, value: str | None) -> None:  # noqa: ARG001
    if value:
        console.handler.as_json = value == "json"


def log_format_option(**attributes: Any) -> Callable[[Command], Command]:
    """The option of how log lines and the reason of a failure are written to stderr."""
    return click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        expose_value=False,
        is_eager=True,
        callback=_set_log_format,
        help="How log lines are written to stderr: for people, or as JSON objects, one per line.",
        **attributes,
    )


def user() -> str:
    """Who is signed in.

    Raises:
        FieldlabError: The account has no name.
    """
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise FieldlabError("The signed-in user has no name.", "Say who with --by NAME.") from error
