"""Where output goes: results to stdout, log lines to stderr, progress only on a terminal."""

import logging
import re
import sys
from datetime import UTC, datetime
from typing import IO, Any

import click
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook, RenderResult
from rich.segment import Segment

from runner.as_json import dumps
from runner.text import CONTROLS, clean

_UNQUOTED_IN_JSON = re.compile(f"[{''.join(chr(code) for code in CONTROLS if code >= 0x7F)}]")  # noqa: PLR2004


class _Cleaned:
    """What is printed, without the control characters of its texts."""

    def __init__(self, renderable: RenderableType) -> None:
        self.renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.renderable, options):
            yield segment if segment.control else Segment(clean(segment.text), segment.style)


class _Cleaner(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Cleaned(renderable) for renderable in renderables]


def _console(file: IO[str] | None = None, **options: Any) -> Console:
    """A console for which a text is a text: `[bold]` in a name is no markup and `:cat:` no picture."""
    console = Console(file=file, highlight=False, markup=False, emoji=False, **options)
    console.push_render_hook(_Cleaner())
    return console


logger = logging.getLogger("runner")
err = _console(stderr=True)


def out() -> Console:
    """A console on stdout: as wide as the terminal, 100 columns where there is none."""
    return _console(sys.stdout, width=None if sys.stdout.isatty() else 100)


def log(message: str) -> None:
    """Write one log line to stderr, above a progress bar when one is shown."""
    err.print(message, soft_wrap=True)


def say(message: str, *, error: bool = False) -> None:
    r"""Write a line as it is, but for control characters and half characters (`\udcff`), to stdout or stderr."""
    click.echo(clean(message).encode("utf-8", "backslashreplace").decode(), err=error)


class LogHandler(logging.Handler):
    """Shows what the package logs: for people as it is, for machines as one JSON object per line."""

    as_json = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record as a line."""
        if not self.as_json:
            log(record.getMessage())
            return
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        hint = getattr(record, "hint", "")
        say(_quoted(dumps({**line, **({"hint": hint} if hint else {})})), error=True)


handler = LogHandler()


def start_logging() -> None:
    """Let all that the package logs be shown."""
    handler.as_json = False
    logger.setLevel(logging.INFO)
    logger.handlers = [handler]


def complain(message: str, hint: str = "") -> None:
    """Say why the command fails, and what to do about it."""
    if handler.as_json:
        logger.error(message, extra={"hint": hint})
        return
    say(message, error=True)
    if hint:
        say(hint, error=True)


def thousands(number: int | None) -> str:
    """12345 as 12,345; nothing for None."""
    return "" if number is None else f"{number:,}"


def echo_json(value: object) -> None:
    """Write a value to stdout as indented JSON; exact decimals become numbers, dates ISO 8601."""
    click.echo(_quoted(dumps(value, indent=2)))


def _quoted(text: str) -> str:
    """JSON whose control characters are all written as escapes."""
    return _UNQUOTED_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
