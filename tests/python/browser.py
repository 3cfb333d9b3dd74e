"""Debian's Chromium, without a window, and what goes wrong in a page that it shows.

conftest.py gives the fixtures to every module; where Chromium is absent, the tests that ask for them are skipped.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:  # the package is imported by those who open a page alone
    from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
# Under root there is no sandbox, and the browser asks nobody outside for anything on its own account.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SECONDS = 60
"""How long anything may take before a test gives up, on a machine that has other things to do."""


@dataclass
class Observed:
    """A page, and what it did that no page of fieldlab should do.

    Attributes:
        page: The page.
        errors: What it wrote to the console as an error, and exceptions that nothing caught.
        external: Addresses it asked for outside this machine; all but `data:`, `blob:`, files and loopback.
    """

    page: "Page"
    errors: list[str] = field(default_factory=list)
    external: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Errors and external requests together: an empty list is what a test asserts."""
        return [*self.errors, *(f"asks {url}" for url in self.external)]

    def _console(self, message: "ConsoleMessage") -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _request(self, request: "Request") -> None:
        url = urlsplit(request.url)
        if url.scheme in {"http", "https", "ws", "wss"} and url.hostname not in {"127.0.0.1", "localhost", "::1"}:
            self.external.append(request.url)


def observe(page: "Page") -> Observed:
    """Collect from now on what a page does wrong."""
    observed = Observed(page)
    page.on("console", observed._console)
    page.on("pageerror", lambda error: observed.errors.append(str(error)))
    page.on("request", observed._request)
    return observed


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator["BrowserContext"]:
    """Chromium with a new profile, 1280 × 900; skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt install chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("chromium"),
            executable_path=CHROMIUM,
            args=FLAGS,
            viewport={"width": 1280, "height": 900},
        )
        context.set_default_timeout(SECONDS * 1000)
        yield context
        context.close()


@pytest.fixture
def page(browser: "BrowserContext") -> Iterator[Observed]:
    """A new page, observed."""
    opened = browser.new_page()
    yield observe(opened)
    opened.close()
