"""All pages there are."""

from runner.serve.pages import prices, recommendations, spending, subjects
from runner.serve.pages.page import Page

PAGES: tuple[Page, ...] = (*recommendations.PAGES, *spending.PAGES, *prices.PAGES, *subjects.PAGES)
