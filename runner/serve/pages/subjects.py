"""Everything about one vendor, branch or item, and the lists of them: `/vendors`, `/branches`, `/items`."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, LiteralString, NamedTuple

import psycopg

from runner.lookup import Called, choose
from runner.procurement import analysis
from runner.serve.pages.evidence import decimals, season_chart
from runner.serve.pages.page import Ask, Page, Wanted
from runner.serve.pages.price_lines import vendor_prices
from runner.serve.pages.reads import (
    SHOWN,
    decisions_about,
    index_chart,
    month_chart,
    page_of,
    row,
    rows,
)
from runner.settings import Settings
from runner.words import Words

LISTED = 50


class Subject(NamedTuple):
    """A vendor or a branch: its number, and its name, which its database may not know."""

    key: int
    name: str | None


def read_list(
    path: str, statement: LiteralString, connection: psycopg.Connection, settings: Settings, ask: Ask
) -> Mapping[str, Any]:
    """A list of vendors, branches or items: the largest first, those with a text in their name, a page of them."""
    wanted, number = ask.one("q"), page_of(ask.one("page"))
    found = rows(connection, settings, statement, wanted=wanted.casefold(), first=(number - 1) * LISTED, limit=LISTED)
    count = found[0]["in_all"] if found else 0
    return {
        "title": path[1:].capitalize(),
        "path": path,
        "has_share": path != "/branches",
        "found": found,
        "count": count,
        "largest": max((one["total_amount"] or 0 for one in found), default=0),
        "wanted": wanted,
        "number": number,
        "pages": -(-count // LISTED),
        "first": (number - 1) * LISTED,
    }


def read_item(connection: psycopg.Connection, settings: Settings, ask: Ask) -> Mapping[str, Any]:
    """What `/items/{item}` shows."""
    item = analysis.find_item(connection, settings, ask.key)
    about = {"item_id": item.item_id}
    words = Words(settings.currency)
    as_of = analysis.marts_as_of(connection, settings)
    pattern = row(connection, settings, _PATTERN, **about)
    benchmark = row(connection, settings, _BENCHMARK, **about)
    months = {one["month"]: one["total_amount"] for one in rows(connection, settings, _ITEM_MONTHS, **about)}
    season = pattern and pattern["seasonality_pattern"]
    return {
        "item": item,
        "about": row(connection, settings, _ITEM, **about),
        "standing": row(connection, settings, _ITEM_STANDING, **about),
        "benchmark": benchmark,
        "pattern": pattern,
        "movement": row(connection, settings, _ITEM_MOVEMENT, **about),
        "months": as_of and month_chart("Spending by month", "amount of invoice lines", months, as_of, words),
        "prices": vendor_prices(connection, settings, item, benchmark=benchmark),
        "season": season_chart(item.item_name or str(item.item_id), decimals(season)) if season else None,
        "vendors": rows(connection, settings, _ITEM_VENDORS, **about),
        "branches": rows(connection, settings, _ITEM_BRANCHES, **about),
        "odd_orders": rows(connection, settings, _ITEM_ANOMALIES, **about, limit=SHOWN),
        "listing": decisions_about(connection, settings, item=str(item.item_id)),
        "limit": SHOWN,
    }


def read_vendor(connection: psycopg.Connection, settings: Settings, ask: Ask) -> Mapping[str, Any]:
    """What `/vendors/{vendor}` shows."""
    vendor = _find(connection, settings, "vendor", ask.key, (_FIND_VENDOR, _VENDOR_NAMES))
    about = {"vendor_id": vendor.key}
    as_of = analysis.marts_as_of(connection, settings)
    indices = rows(connection, settings, _VENDOR_INDEX, key_id=str(vendor.key))
    months = {one["month"]: one["purchase_amount"] for one in indices}
    unit, words = "what the purchases of the month cost", Words(settings.currency)
    return {
        "vendor": vendor,
        "about": row(connection, settings, _VENDOR, **about),
        "standing": row(connection, settings, _VENDOR_STANDING, **about),
        "months": as_of and month_chart("Purchases by month", unit, months, as_of, words),
        "index": index_chart(f"Prices of {vendor.name or vendor.key}", indices),
        "newest_index": next((one for one in reversed(indices) if one["year_fisher"] is not None), None),
        "items": rows(connection, settings, _VENDOR_ITEMS, **about, limit=SHOWN),
        "branches": rows(connection, settings, _VENDOR_BRANCHES, **about, limit=SHOWN),
        "twins": rows(connection, settings, _TWINS, **about),
        "duplicates": rows(connection, settings, _VENDOR_DUPLICATES, **about),
        "listing": decisions_about(connection, settings, vendor=str(vendor.key)),
        "limit": SHOWN,
    }


def read_branch(connection: psycopg.Connection, settings: Settings, ask: Ask) -> Mapping[str, Any]:
    """What `/branches/{branch}` shows."""
    branch = _find(connection, settings, "branch", ask.key, (_FIND_BRANCH, _BRANCH_NAMES))
    about = {"branch_id": branch.key}
    as_of = analysis.marts_as_of(connection, settings)
    months = {one["month"]: one["total_amount"] for one in rows(connection, settings, _BRANCH_MONTHS, **about)}
    indices = rows(connection, settings, _BRANCH_INDEX, key_id=str(branch.key))
    words = Words(settings.currency)
    return {
        "branch": branch,
        "concentration": row(connection, settings, _BRANCH_CONCENTRATION, key_id=str(branch.key)),
        "change": row(connection, settings, _BRANCH_CHANGE, **about),
        "months": as_of and month_chart("Spending by month", "amount of invoice lines", months, as_of, words),
        "index": index_chart(f"Prices that {branch.name or branch.key} pays", indices),
        "newest_index": next((one for one in reversed(indices) if one["year_fisher"] is not None), None),
        "vendors": rows(connection, settings, _BRANCH_VENDORS, **about, key_id=str(branch.key), limit=SHOWN),
        "items": rows(connection, settings, _BRANCH_ITEMS, **about, limit=SHOWN),
        "odd_orders": rows(connection, settings, _BRANCH_ANOMALIES, **about, limit=SHOWN),
        "listing": decisions_about(connection, settings, branch=str(branch.key)),
        "limit": SHOWN,
    }


def _find(
    connection: psycopg.Connection,
    settings: Settings,
    kind: str,
    text: str,
    queries: tuple[LiteralString, LiteralString],
) -> Subject:
    """The vendor or branch with this number or name.

    Raises:
        AmbiguousError: Several have this name.
        NotFoundError: There is none.
    """
    return choose(
        kind,
        text,
        [Subject(one["key"], one["name"]) for one in rows(connection, settings, queries[0], text=text)],
        lambda one: Called(str(one.key), one.name or ""),
        lambda: [one["name"] for one in rows(connection, settings, queries[1]) if one["name"]],
    )


def _each(statement: LiteralString) -> Callable[[psycopg.Connection, Settings, Wanted], Iterable[Ask]]:
    """One page for each id that a query gives."""

    def listed(connection: psycopg.Connection, settings: Settings, _wanted: Wanted) -> Iterable[Ask]:
        return [Ask(str(one["key"])) for one in rows(connection, settings, statement)]

    return listed


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

_VENDORS = """
    select
        vendors.vendor_id as key,
        vendors.vendor_name as name,
        concat_ws(
            ' · ',
            case when standing.is_new then 'new' end,
            case when standing.is_lost then 'no longer bought from' end,
            case when standing.is_one_off then 'one invoice' end
        ) as remark,
        standing.total_amount,
        standing.spend_share,
        standing.class,
        count(*) over () as in_all
    from {procurement}.vendors
    left join {procurement}.vendor_standing as standing
        on standing.scope = 'network' and vendors.vendor_id = standing.vendor_id
    where %(wanted)s = '' or strpos(lower(vendors.vendor_name), %(wanted)s) > 0
    order by standing.total_amount desc nulls last, vendors.vendor_id
    offset %(first)s
    limit %(limit)s
"""

_BRANCHES = """
    with spent as (
        select scope_key.branch_id, sum(standing.total_amount) as total_amount
        from {procurement}.branches as scope_key
        inner join {procurement}.vendor_standing as standing
            on standing.scope = 'branch' and standing.key_id = cast(scope_key.branch_id as text)
        group by scope_key.branch_id
    )

    select
        branches.branch_id as key,
        branches.branch_name as name,
        'mostly ' || concentration.top_vendor_name as remark,
        spent.total_amount,
        cast(null as numeric) as spend_share,
        cast(null as text) as class,
        count(*) over () as in_all
    from {procurement}.branches
    left join spent using (branch_id)
    left join {procurement}.spend_concentration as concentration
        on concentration.scope = 'branch' and concentration.key_id = cast(branches.branch_id as text)
    where %(wanted)s = '' or strpos(lower(branches.branch_name), %(wanted)s) > 0
    order by spent.total_amount desc nulls last, branches.branch_id
    offset %(first)s
    limit %(limit)s
"""

_ITEM = "select vendor_id, vendor_name, category, unit from {procurement}.items where item_id = %(item_id)s"

_ITEM_STANDING = """
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
_ITEM_MOVEMENT = """
    select vendor_name, change_90_days_pct, movement
    from {procurement}.price_movements
    where item_id = %(item_id)s
    order by line_count desc, vendor_id
    limit 1
"""

_ITEM_MONTHS = """
    select cast(date_trunc('month', date) as date) as month, sum(amount) as total_amount
    from {procurement}.invoice_lines
    where item_id = %(item_id)s and date >= as_of - interval '3 years'
    group by 1
"""

_ITEM_VENDORS = """
    select vendor_id as key, vendor_name as name, sum(amount_now) as amount_now, sum(amount_before) as amount_before,
        sum(change) as change, sum(price_effect) as price_effect
    from {procurement}.spend_bridge
    where period = 'year' and item_id = %(item_id)s
    group by vendor_id, vendor_name
    order by amount_now desc, vendor_id
"""

_ITEM_BRANCHES = """
    select branch_id as key, branch_name as name, sum(amount_now) as amount_now, sum(amount_before) as amount_before,
        sum(change) as change, sum(price_effect) as price_effect
    from {procurement}.spend_bridge
    where period = 'year' and item_id = %(item_id)s
    group by branch_id, branch_name
    order by amount_now desc, branch_id
"""

_ITEM_ANOMALIES = """
    select branch_id, branch_name, invoice_id, order_date, quantity, expected_quantity, amount
    from {procurement}.order_anomalies
    where item_id = %(item_id)s and scope = 'branch' and is_material_outlier
    order by order_date desc, invoice_id
    limit %(limit)s
"""

_FIND_VENDOR = """
    select vendor_id as key, vendor_name as name
    from {procurement}.vendors
    where cast(vendor_id as text) = %(text)s or lower(vendor_name) = lower(%(text)s)
    order by vendor_id
"""

_VENDOR_NAMES = "select distinct vendor_name as name from {procurement}.vendors"

_VENDOR = "select tax_id from {procurement}.vendors where vendor_id = %(vendor_id)s"

_VENDOR_STANDING = """
    select total_amount, invoice_count, item_count, branch_count, spend_share, spend_rank, class, is_new, is_lost,
        is_one_off
    from {procurement}.vendor_standing
    where scope = 'network' and vendor_id = %(vendor_id)s
"""

_VENDOR_INDEX = """
    select month, purchase_amount, chained_index, year_fisher, is_thin
    from {procurement}.price_indices
    where scope = 'vendor' and key_id = %(key_id)s
    order by month
"""

_VENDOR_ITEMS = """
    select item_id as key, item_name as name, sum(amount_now) as amount_now, sum(amount_before) as amount_before,
        sum(change) as change, sum(price_effect) as price_effect, count(*) over () as in_all
    from {procurement}.spend_bridge
    where period = 'year' and vendor_id = %(vendor_id)s
    group by item_id, item_name
    order by amount_now desc, item_id
    limit %(limit)s
"""

_VENDOR_BRANCHES = """
    select cast(key_id as integer) as key, key_name as name, total_amount, spend_share, spend_rank, class,
        count(*) over () as in_all
    from {procurement}.vendor_standing
    where scope = 'branch' and vendor_id = %(vendor_id)s
    order by total_amount desc, key_id
    limit %(limit)s
"""

_TWINS = """
    select
        case when vendor_id = %(vendor_id)s then other_vendor_id else vendor_id end as key,
        case when vendor_id = %(vendor_id)s then other_vendor_name else vendor_name end as name,
        basis
    from {procurement}.vendor_twins
    where %(vendor_id)s in (vendor_id, other_vendor_id)
    order by key
"""

_VENDOR_DUPLICATES = """
    select invoice_id, other_invoice_id, invoice_number, other_invoice_number, date, other_date, branch_name, basis,
        identical_amount
    from {procurement}.duplicate_invoices
    where vendor_id = %(vendor_id)s
    order by date desc, invoice_id, other_invoice_id
"""

_FIND_BRANCH = """
    select branch_id as key, branch_name as name
    from {procurement}.branches
    where cast(branch_id as text) = %(text)s or lower(branch_name) = lower(%(text)s)
    order by branch_id
"""

_BRANCH_NAMES = "select distinct branch_name as name from {procurement}.branches"

_BRANCH_MONTHS = "select month, total_amount from {procurement}.branch_spending where branch_id = %(branch_id)s"

_BRANCH_INDEX = """
    select month, chained_index, year_fisher, is_thin
    from {procurement}.price_indices
    where scope = 'branch' and key_id = %(key_id)s
    order by month
"""

_BRANCH_CONCENTRATION = """
    select vendor_count, effective_vendor_count, top_vendor_id, top_vendor_name, top_share
    from {procurement}.spend_concentration
    where scope = 'branch' and key_id = %(key_id)s
"""

_BRANCH_CHANGE = """
    select sum(amount_now) as amount_now, sum(amount_before) as amount_before, sum(change) as change,
        sum(price_effect) as price_effect
    from {procurement}.spend_bridge
    where period = 'year' and branch_id = %(branch_id)s
    having count(*) > 0
"""

_BRANCH_VENDORS = """
    select standing.vendor_id as key, standing.vendor_name as name, standing.total_amount, standing.spend_share,
        standing.class, orders.avg_order_cycle_days, orders.avg_order_amount, orders.last_order_date,
        count(*) over () as in_all
    from {procurement}.vendor_standing as standing
    left join {procurement}.vendor_order_patterns as orders
        on orders.branch_id = %(branch_id)s and orders.vendor_id = standing.vendor_id
    where standing.scope = 'branch' and standing.key_id = %(key_id)s
    order by standing.total_amount desc, standing.vendor_id
    limit %(limit)s
"""

_BRANCH_ITEMS = """
    select item_id as key, item_name as name, sum(amount_now) as amount_now, sum(amount_before) as amount_before,
        sum(change) as change, sum(price_effect) as price_effect, count(*) over () as in_all
    from {procurement}.spend_bridge
    where period = 'year' and branch_id = %(branch_id)s
    group by item_id, item_name
    order by amount_now desc, item_id
    limit %(limit)s
"""

_BRANCH_ANOMALIES = """
    select item_id, item_name, invoice_id, order_date, quantity, expected_quantity, amount
    from {procurement}.order_anomalies
    where branch_id = %(branch_id)s and scope = 'branch' and is_material_outlier
    order by order_date desc, invoice_id, item_id
    limit %(limit)s
"""

PAGES = (
    Page("/items", "things.html", partial(read_list, "/items", _ITEMS)),
    Page(
        "/items/{key}", "item.html", read_item, _each("select item_id as key from {procurement}.items order by item_id")
    ),
    Page("/vendors", "things.html", partial(read_list, "/vendors", _VENDORS)),
    Page(
        "/vendors/{key}",
        "vendor.html",
        read_vendor,
        _each("select vendor_id as key from {procurement}.vendors order by vendor_id"),
    ),
    Page("/branches", "things.html", partial(read_list, "/branches", _BRANCHES)),
    Page(
        "/branches/{key}",
        "branch.html",
        read_branch,
        _each("select branch_id as key from {procurement}.branches order by branch_id"),
    ),
)
