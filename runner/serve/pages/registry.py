"""All pages there are."""

from runner.serve.pages import (
    alignment,
    branches,
    day,
    items,
    operations,
    prices,
    recommendations,
    rows,
    search,
    spending,
    vendors,
)
from runner.serve.pages.page import Page

PAGES: tuple[Page, ...] = (
    *day.PAGES,
    *recommendations.PAGES,
    *spending.PAGES,
    *prices.PAGES,
    *vendors.PAGES,
    *branches.PAGES,
    *items.PAGES,
    *alignment.PAGES,
    *operations.PAGES,
    *rows.PAGES,
    *search.PAGES,
)
