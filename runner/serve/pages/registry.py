"""All pages there are."""

from runner.serve.pages.page import Page

PAGES: tuple[Page, ...] = ()
