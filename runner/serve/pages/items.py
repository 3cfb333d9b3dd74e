"""Everything about an item, and the list of them: `/items`."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import psycopg

from runner.procurement import analysis
from runner.procurement.read import Filter, list_decisions
from runner.serve.pages.evidence import decimals, season_chart
from runner.serve.pages.page import Ask, Page
from runner.serve.pages.price_lines import vendor_prices
from runner.serve.pages.reads import DECISIONS, SHOWN, month_chart, row, rows
from runner.serve.pages.things import TOP_ITEMS, each_of, read_list
from runner.settings import Settings
from runner.words import Words


def read(connection: psycopg.Connection, settings: Settings, ask: Ask) -> Mapping[str, Any]:
    """What `/items/{item}` shows."""
    item = analysis.find_item(connection, settings, ask.key)
    about = {"item_id": item.item_id}
    words = Words(settings.currency)
    as_of = analysis.marts_as_of(connection, settings)
    pattern = row(connection, settings, _PATTERN, **about)
    benchmark = row(connection, settings, _BENCHMARK, **about)
    months = {one["month"]: one["total_amount"] for one in rows(connection, settings, _MONTHS, **about)}
    season = pattern and pattern["seasonality_pattern"]
    return {
        "item": item,
        "about": row(connection, settings, _ITEM, **about),
        "standing": row(connection, settings, _STANDING, **about),
        "benchmark": benchmark,
        "pattern": pattern,
        "movement": row(connection, settings, _MOVEMENT, **about),
        "months": as_of and month_chart("Spending by month", "amount of invoice lines", months, as_of, words),
        "prices": vendor_prices(connection, settings, item, benchmark=benchmark),
        "season": season_chart(item.item_name or str(item.item_id), decimals(season)) if season else None,
        "vendors": rows(connection, settings, _VENDORS, **about),
        "branches": rows(connection, settings, _BRANCHES, **about),
        "odd_orders": rows(connection, settings, _ANOMALIES, **about, limit=SHOWN),
        "listing": list_decisions(connection, settings, Filter(item=str(item.item_id)), DECISIONS),
    }


_ITEMS = """
    select
        items.item_id as key,
        items.item_name as name,
        concat_ws(' · ', items.category, items.vendor_name) as remark,
        item_standing.total_amount,
        item_standing.spend_share,
        item_standing.class,
        count(*) over () as in_all
    from {procurement}.items
    left join {procurement}.item_standing using (item_id)
    where %(wanted)s = '' or strpos(lower(items.item_name), %(wanted)s) > 0 or cast(items.item_id as text) = %(wanted)s
    order by item_standing.total_amount desc nulls last, items.item_id
    offset %(first)s
    limit %(limit)s
"""

_ITEM = "select vendor_id, vendor_name, category, unit from {procurement}.items where item_id = %(item_id)s"

_STANDING = """
    select total_amount, invoice_count, vendor_count, branch_count, spend_share, spend_rank, class
    from {procurement}.item_standing
    where item_id = %(item_id)s
"""

_BENCHMARK = """
    select avg_price, min_price, max_price, branch_count
    from {procurement}.item_price_benchmarks
    where item_id = %(item_id)s
"""

_PATTERN = """
    select order_count, avg_order_cycle_days, avg_order_quantity, last_order_date, next_predicted_order_date,
        confidence_score, is_increasing, is_decreasing, is_seasonal, seasonality_pattern
    from {procurement}.purchase_patterns
    where item_id = %(item_id)s and scope = 'network'
"""

# The vendor with the most purchases of the last 30 days.
_MOVEMENT = """
    select vendor_name, round(change_90_days_pct, 1) as change_90_days_pct, movement
    from {procurement}.price_movements
    where item_id = %(item_id)s
    order by line_count desc, vendor_id
    limit 1
"""

_MONTHS = """
    select cast(date_trunc('month', date) as date) as month, sum(amount) as total_amount
    from {procurement}.invoice_lines
    where
        item_id = %(item_id)s
        and date >= (select as_of - interval '3 years' from {procurement}.branch_spending limit 1)
    group by 1
"""

_VENDORS = """
    select vendor_id as key, vendor_name as name, sum(amount_now) as amount_now, sum(amount_before) as amount_before,
        sum(change) as change, sum(price_effect) as price_effect
    from {procurement}.spend_bridge
    where period = 'year' and item_id = %(item_id)s
    group by vendor_id, vendor_name
    order by amount_now desc, vendor_id
"""

_BRANCHES = """
    select branch_id as key, branch_name as name, sum(amount_now) as amount_now, sum(amount_before) as amount_before,
        sum(change) as change, sum(price_effect) as price_effect
    from {procurement}.spend_bridge
    where period = 'year' and item_id = %(item_id)s
    group by branch_id, branch_name
    order by amount_now desc, branch_id
"""

_ANOMALIES = """
    select branch_id, branch_name, invoice_id, order_date, quantity, expected_quantity, amount
    from {procurement}.order_anomalies
    where item_id = %(item_id)s and scope = 'branch' and is_material_outlier
    order by order_date desc, invoice_id
    limit %(limit)s
"""

PAGES = (
    Page("/items", "things.html", partial(read_list, "/items", _ITEMS)),
    Page("/items/{key}", "item.html", read, each_of(TOP_ITEMS)),
)
