"""Pages as HTML: the templates, how values are written in them, and where links lead."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from runner import __version__
from runner.serve.pages.frame import Frame
from runner.serve.pages.page import address
from runner.settings import Settings
from runner.text import clean
from runner.words import Words, count, day, percent_of, quantity

TEMPLATES = Path(__file__).parent.parent / "templates"
CODE = re.compile("`([^`]+)`")
NONE = "–"
"""What is shown where there is no value."""


class Links(Protocol):
    """Where links of a page lead."""

    @property
    def live(self) -> bool:
        """Whether there is a server behind it, which takes forms and filters."""

    def __call__(self, path: str, /, *keys: object, **query: object) -> str | None:
        """The link to a page, None where there is no such page."""


class ServerLinks:
    """Links between the pages of a server: each page is there."""

    live = True

    def __call__(self, path: str, /, *keys: object, **query: object) -> str:
        """The address of a page or file."""
        return address(path, *keys, **query)


@dataclass(frozen=True)
class FileLinks:
    """Links between the files of a site.

    Attributes:
        files: The file of each page, by its address on a server.
        at: The file that holds the links.
    """

    files: Mapping[str, str]
    at: str
    live = False

    def __call__(self, path: str, /, *keys: object, **query: object) -> str | None:
        """The way to a file from the one that holds the link; None where the site has no such page."""
        file = self.files.get(address(path, *keys, **query))
        return None if file is None else posixpath.relpath(file, posixpath.dirname(self.at) or ".")


def render(settings: Settings, template: str, links: Links, values: Mapping[str, Any]) -> str:
    """A page as HTML.

    Args:
        settings: Names currency and business time zone.
        template: The file in `templates/`.
        links: Where its links lead.
        values: What it shows, `frame` among it.
    """
    return ENVIRONMENT.get_template(template).render(settings=settings, link=links, live=links.live, **values)


@pass_context
def _money(context: Context, value: Decimal | None) -> str:
    return NONE if value is None else Words(context["settings"].currency).amount(value)


@pass_context
def _price(context: Context, value: Decimal | None) -> str:
    return NONE if value is None else Words(context["settings"].currency).price(value)


@pass_context
def _moment(context: Context, value: datetime | None) -> str:
    if value is None:
        return NONE
    local = value.astimezone(context["settings"].zone)
    return f"{day(local.date())}, {local:%H:%M %Z}"


def _day(value: date | None) -> str:
    return NONE if value is None else day(value)


def _number(value: Decimal | None) -> str:
    return NONE if value is None else quantity(value)


def _percent(value: Decimal | None) -> str:
    if value is None:
        return NONE
    return f"−{percent_of(-value)}" if value < 0 else percent_of(value)


def _said(text: str) -> Markup:
    """A sentence in which commands stand between backticks."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Names come from other people: no control characters, no text that runs from right to left over its neighbours.
        finalize=lambda value: clean(value) if isinstance(value, str) else value,
    )
    environment.filters |= {
        "money": _money,
        "price": _price,
        "moment": _moment,
        "day": _day,
        "number": _number,
        "percent": _percent,
        "count": count,
        "said": _said,
    }
    # What a page about an error has: it is shown whether or not the database can be reached.
    environment.globals |= {"version": __version__, "link": ServerLinks(), "live": True, "frame": Frame()}
    return environment


ENVIRONMENT = _environment()
