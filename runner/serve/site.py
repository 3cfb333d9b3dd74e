"""The pages as files: a folder that opens in a browser without a server."""

import hashlib
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import psycopg

from runner.errors import FieldlabError, NotBuiltError
from runner.serve.pages.frame import read_frame
from runner.serve.pages.page import KEY, Ask, Page, Wanted
from runner.serve.pages.registry import PAGES
from runner.serve.pages.render import FileLinks, render
from runner.settings import Settings

STATIC = Path(__file__).parent / "static"
MARK = "fieldlab-site.txt"
"""A folder with this file is a site that may be replaced."""

PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}")


class Planned(NamedTuple):
    """A page that becomes a file."""

    page: Page
    ask: Ask
    file: str


def write_site(
    connection: psycopg.Connection,
    settings: Settings,
    folder: Path,
    wanted: Wanted,
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> int:
    """Write every page, and what they need, into a folder; a site that is there already is replaced.

    Args:
        connection: The warehouse; a transaction that only reads shows all pages the same state.
        settings: Names the schemas.
        folder: Where to; it is made where it does not exist.
        wanted: Which dealers and which vendor of alignment; everything else is there in any case.
        tell: Is told how far it is.

    Returns:
        How many pages there are.

    Raises:
        FieldlabError: The folder holds something else, or cannot be written.
    """
    planned = [
        Planned(page, ask, file_of(page, ask)) for page in PAGES for ask in _listed(connection, settings, page, wanted)
    ]
    files = {one.page.url(one.ask): one.file for one in planned}
    statics = {f"/static/{file.name}": f"static/{file.name}" for file in STATIC.iterdir() if file.is_file()}
    frame = read_frame(connection, settings)
    try:
        _make_room(folder)
        shutil.copytree(STATIC, folder / "static")
        for number, one in enumerate(planned, 1):
            links = FileLinks(files | statics, one.file)
            values = {"may_act": False, **one.page.read(connection, settings, one.ask), "frame": frame}
            target = folder / one.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(render(settings, one.page.template, links, values), encoding="utf-8")
            tell(f"Writing {number:,} of {len(planned):,} pages")
    except OSError as error:
        raise FieldlabError(
            f"{error.filename or folder} cannot be written: {error.strerror}.", "Name another folder."
        ) from error
    return len(planned)


def _listed(connection: psycopg.Connection, settings: Settings, page: Page, wanted: Wanted) -> Sequence[Ask]:
    """The versions of a page that can be shown: none where the domain it is about was never built."""
    try:
        with connection.transaction():
            asks = list(page.listed(connection, settings, wanted))
            if asks and not page.path.endswith(KEY):
                page.read(connection, settings, asks[0])
            return asks
    except (NotBuiltError, psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return []


def file_of(page: Page, ask: Ask) -> str:
    """The file of a page: its path, an id and a query in letters that every file system takes."""
    parts = [part for part in page.path.strip("/").split("/") if part and part != "{key}"]
    if page.path.endswith(KEY):
        parts.append(_plain(ask.key))
    name = "/".join(parts) or "index"
    query = "--".join(_plain(value) for values in ask.query.values() for value in values)
    return f"{name}{f'--{query}' if query else ''}.html"


def _plain(text: str) -> str:
    """A text as part of a file's name; two texts never become the same, in capitals or not."""
    if PLAIN.fullmatch(text) and "--" not in text:
        return text
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40]
    return f"{slug}-{hashlib.sha256(text.encode()).hexdigest()[:12]}".lstrip("-")


def _make_room(folder: Path) -> None:
    """Take away a site that is there.

    Raises:
        FieldlabError: The folder holds something else.
    """
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).is_file():
            raise FieldlabError(
                f"{folder} is not empty, and what it holds is no site of fieldlab.", "Name another folder."
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text("Made by `fieldlab site`, which replaces everything here.\n", encoding="utf-8")
