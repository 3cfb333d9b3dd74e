"""All pages there are."""

from runner.serve.pages import prices, spending, subjects
from runner.serve.pages.page import Page

PAGES: tuple[Page, ...] = (*spending.PAGES, *prices.PAGES, *subjects.PAGES)
