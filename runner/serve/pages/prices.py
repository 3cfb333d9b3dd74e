"""What an item costs, from whom and where: `/prices/{item}`."""

from collections.abc import Mapping
from typing import Any

import psycopg

from runner.procurement import analysis
from runner.serve.pages.page import Ask, Page
from runner.serve.pages.price_lines import branch_prices, telling_branches, vendor_prices
from runner.serve.pages.reads import SHOWN, index_chart, row, rows
from runner.serve.pages.things import TOP_ITEMS, each_of
from runner.settings import Settings


def read(connection: psycopg.Connection, settings: Settings, ask: Ask) -> Mapping[str, Any]:
    """What `/prices/{item}` shows."""
    item = analysis.find_item(connection, settings, ask.key)
    known = row(connection, settings, _ITEM, item_id=item.item_id) or {}
    branches = rows(connection, settings, _BRANCH_PRICES, item_id=item.item_id)
    benchmark = row(connection, settings, _BENCHMARK, item_id=item.item_id)
    return {
        "item": item,
        "category": known.get("category"),
        "benchmark": benchmark,
        "by_vendor": vendor_prices(connection, settings, item, benchmark=benchmark),
        "by_branch": branch_prices(connection, settings, item, telling_branches(branches)),
        "movements": rows(connection, settings, _MOVEMENTS, item_id=item.item_id),
        "branches": branches,
        "limit": SHOWN,
        "index": index_chart(
            f"Prices of {known['category']}, all branches",
            rows(connection, settings, _CATEGORY_INDEX, category=known["category"]),
        )
        if known.get("category")
        else None,
    }


_ITEM = "select category from {procurement}.items where item_id = %(item_id)s"

_BENCHMARK = """
    select avg_price, min_price, max_price, price_range, branch_count, snapshot_count, is_price_comparable, price_reason
    from {procurement}.item_price_benchmarks
    where item_id = %(item_id)s
"""

_MOVEMENTS = """
    select vendor_id, vendor_name, newest_price, newest_purchase_date, mean_price, mean_price_30_days_ago,
        mean_price_90_days_ago, round(change_30_days_pct, 1) as change_30_days_pct,
        round(change_90_days_pct, 1) as change_90_days_pct, movement
    from {procurement}.price_movements
    where item_id = %(item_id)s
    order by line_count desc, vendor_id
"""

_BRANCH_PRICES = """
    select vendor_id, vendor_name, branch_id, branch_name, price, line_count, quantity, network_avg_price,
        round(variance_from_avg_pct, 1) as variance_from_avg_pct
    from {procurement}.price_variance
    where item_id = %(item_id)s
    order by price, vendor_name, branch_name
"""

_CATEGORY_INDEX = """
    select month, chained_index, year_fisher, is_thin
    from {procurement}.price_indices
    where scope = 'category' and key_id = %(category)s
    order by month
"""

PAGES = (Page("/prices/{key}", "prices.html", read, each_of(TOP_ITEMS)),)
