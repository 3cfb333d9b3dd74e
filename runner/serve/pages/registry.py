"""All pages there are."""

from runner.serve.pages import alignment, day, operations, prices, recommendations, search, spending, subjects
from runner.serve.pages.page import Page

PAGES: tuple[Page, ...] = (
    *day.PAGES,
    *recommendations.PAGES,
    *spending.PAGES,
    *prices.PAGES,
    *subjects.PAGES,
    *alignment.PAGES,
    *operations.PAGES,
    *search.PAGES,
)
